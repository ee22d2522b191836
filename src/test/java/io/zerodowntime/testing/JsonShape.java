package io.zerodowntime.testing;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.restassured.response.Response;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * The members of a JSON object by name and type, as a native image must write them too: a record
 * that reflection does not know comes out as an empty object there.
 */
public final class JsonShape {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final List<String> names = new ArrayList<>();
  private final List<Set<String>> types = new ArrayList<>();

  private JsonShape() {}

  /**
   * @param members such as {@code "id:number next:number|null"}
   */
  public static JsonShape of(String members) {
    JsonShape shape = new JsonShape();
    for (String member : members.strip().split("\\s+", -1)) {
      String[] parts = member.split(":", -1);
      shape.names.add(parts[0]);
      shape.types.add(new LinkedHashSet<>(List.of(parts[1].split("\\|", -1))));
    }
    return shape;
  }

  /** The JSON of an answer that has this status. */
  public static JsonNode body(int status, Response answer) {
    assertThat(answer.statusCode()).as(answer.asString()).isEqualTo(status);
    return parse(answer.asString());
  }

  public static JsonNode parse(String json) {
    try {
      return JSON.readTree(json);
    } catch (JsonProcessingException e) {
      throw new AssertionError(json, e);
    }
  }

  /** Fails unless the object has these members and no others, in whatever order. */
  public JsonNode fits(JsonNode object) {
    assertThat(object.fieldNames())
        .toIterable()
        .as("%s", object)
        .containsExactlyInAnyOrderElementsOf(names);
    for (int i = 0; i < names.size(); i++) {
      String type = object.get(names.get(i)).getNodeType().name().toLowerCase(Locale.ROOT);
      assertThat(types.get(i)).as("%s in %s", names.get(i), object).contains(type);
    }
    return object;
  }

  /** Fails unless there is at least one element and all of them fit. */
  public void fitsAll(JsonNode array) {
    assertThat(array).isNotEmpty();
    array.forEach(this::fits);
  }
}
