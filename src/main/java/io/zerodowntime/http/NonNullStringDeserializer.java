package io.zerodowntime.http;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.deser.std.StdScalarDeserializer;
import com.fasterxml.jackson.databind.deser.std.StringDeserializer;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Text that may be left out, but not given as null. */
public class NonNullStringDeserializer extends StdScalarDeserializer<String> {
  private static final long serialVersionUID = 1;

  public NonNullStringDeserializer() {
    super(String.class);
  }

  @Override
  public String deserialize(JsonParser parser, DeserializationContext context) throws IOException {
    return StringDeserializer.instance.deserialize(parser, context);
  }

  @Override
  public String getNullValue(DeserializationContext context) throws JsonMappingException {
    return context.reportInputMismatch(this, "must not be null");
  }

  @Override
  public @Nullable String getAbsentValue(DeserializationContext context) {
    return null;
  }
}
