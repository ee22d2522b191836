package io.zerodowntime.http;

import io.quarkus.smallrye.openapi.OpenApiFilter;
import io.quarkus.smallrye.openapi.OpenApiFilter.RunStage;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.eclipse.microprofile.openapi.OASFactory;
import org.eclipse.microprofile.openapi.OASFilter;
import org.eclipse.microprofile.openapi.models.OpenAPI;
import org.eclipse.microprofile.openapi.models.Operation;
import org.eclipse.microprofile.openapi.models.headers.Header;
import org.eclipse.microprofile.openapi.models.media.Content;
import org.eclipse.microprofile.openapi.models.media.MediaType;
import org.eclipse.microprofile.openapi.models.media.Schema;
import org.eclipse.microprofile.openapi.models.media.Schema.SchemaType;
import org.eclipse.microprofile.openapi.models.responses.APIResponse;

/**
 * Adds to the API's description, when it is built, what all calls share: the errors that follow
 * from the form of a call, their body and headers, and which members a response has.
 */
@OpenApiFilter(stages = RunStage.BUILD)
public class ApiDescription implements OASFilter {
  /** The extension of a list's schema by which a resource says that its items may be null. */
  private static final String NULL_ITEMS = "x-null-items";

  private static final String HEALTH = "/health";
  private static final String EVENTS = "text/event-stream";

  @Override
  public void filterOpenAPI(OpenAPI api) {
    Set<String> requests = new HashSet<>();
    api.getPaths()
        .getPathItems()
        .forEach(
            (path, item) ->
                item.getOperations()
                    .forEach(
                        (method, call) -> {
                          describe(path, call, requests);
                          WritePositionTokens.describe(path, method, call);
                        }));
    api.getComponents()
        .getSchemas()
        .forEach(
            (name, schema) -> {
              if (!requests.contains(name) && schema.getProperties() != null) {
                schema.setRequired(new ArrayList<>(schema.getProperties().keySet()));
                schema.getProperties().values().forEach(ApiDescription::allowNullItems);
              }
            });
    api.getComponents().addSchema("Problem", problem());
  }

  /** The annotations have no word for a list of which some items are null. */
  private static void allowNullItems(Schema list) {
    if (list.getExtensions() != null && list.getExtensions().containsKey(NULL_ITEMS)) {
      list.removeExtension(NULL_ITEMS);
      list.setItems(list.getItems().addType(SchemaType.NULL));
    }
  }

  private static void describe(String path, Operation call, Set<String> requests) {
    Map<String, APIResponse> responses = new TreeMap<>(call.getResponses().getAPIResponses());
    if (!path.equals(HEALTH)) {
      errors(path, call).forEach(status -> responses.putIfAbsent(status, response()));
    }
    responses.forEach(ApiDescription::complete);
    call.getResponses().setAPIResponses(responses);
    if (call.getRequestBody() != null) {
      boolean optional = Boolean.FALSE.equals(call.getRequestBody().getRequired());
      for (MediaType type : call.getRequestBody().getContent().getMediaTypes().values()) {
        Optional.ofNullable(type.getSchema().getRef())
            .ifPresent(ref -> requests.add(ref.substring(ref.lastIndexOf('/') + 1)));
        if (optional) {
          type.setSchema(orNull(type.getSchema()));
        }
      }
    }
  }

  /** Adds that the call can be refused for its login. */
  static void describeRefusedLogin(Operation call) {
    for (String status : List.of("401", "403")) {
      APIResponse refused = response();
      complete(status, refused);
      call.getResponses().addAPIResponse(status, refused);
    }
  }

  private static Schema orNull(Schema schema) {
    return OASFactory.createSchema().anyOf(List.of(schema, of(SchemaType.NULL)));
  }

  private static List<String> errors(String path, Operation call) {
    List<String> statuses = new ArrayList<>(List.of("400", "406", "429", "503"));
    if (path.contains("{")) {
      statuses.add("404");
    }
    if (call.getRequestBody() != null) {
      statuses.addAll(List.of("408", "413", "415"));
    }
    if (call.getSecurity() != null && !call.getSecurity().isEmpty()) {
      statuses.addAll(List.of("401", "403"));
    }
    return statuses;
  }

  private static void complete(String status, APIResponse response) {
    if (status.compareTo("400") < 0) {
      if (response.getContent() != null) {
        response.setContent(plain(response.getContent()));
      }
      return;
    }
    if (response.getDescription() == null || response.getDescription().isBlank()) {
      response.setDescription(HttpProblems.of(Integer.parseInt(status)).title());
    }
    MediaType problem = OASFactory.createMediaType().schema(ref("Problem"));
    response.setContent(OASFactory.createContent().addMediaType(Problem.MEDIA_TYPE, problem));
    if (status.equals("503") || status.equals("429")) {
      response.addHeader("Retry-After", header(SchemaType.INTEGER, "Seconds"));
    }
    if (status.equals("401")) {
      response.addHeader("WWW-Authenticate", header(SchemaType.STRING, "Basic"));
    }
  }

  /** Without a media type's quality; a stream of events is described by one of them. */
  private static Content plain(Content content) {
    Content plain = OASFactory.createContent();
    content
        .getMediaTypes()
        .forEach(
            (name, type) ->
                plain.addMediaType(
                    name.split(";", 2)[0], name.equals(EVENTS) ? type.schema(event()) : type));
    return plain;
  }

  private static Schema event() {
    return of(SchemaType.OBJECT)
        .addProperty("data", of(SchemaType.STRING).contentMediaType("application/json"))
        .required(List.of("data"));
  }

  private static Schema problem() {
    return of(SchemaType.OBJECT)
        .description("RFC 9457; a 409 of the engine lists the closed gates as well")
        .addProperty("type", of(SchemaType.STRING).pattern("^urn:problem:[a-z-]+$"))
        .addProperty("title", of(SchemaType.STRING))
        .addProperty("status", of(SchemaType.INTEGER))
        .addProperty("detail", of(SchemaType.STRING))
        .addProperty("violations", of(SchemaType.ARRAY).items(violation()))
        .required(List.of("type", "title", "status", "detail"));
  }

  private static Schema violation() {
    return of(SchemaType.OBJECT)
        .addProperty("field", of(SchemaType.STRING))
        .addProperty("message", of(SchemaType.STRING))
        .required(List.of("field", "message"));
  }

  private static Header header(SchemaType type, String description) {
    return OASFactory.createHeader().required(true).schema(of(type)).description(description);
  }

  private static APIResponse response() {
    return OASFactory.createAPIResponse();
  }

  private static Schema of(SchemaType type) {
    return OASFactory.createSchema().addType(type);
  }

  private static Schema ref(String name) {
    return OASFactory.createSchema().ref(name);
  }
}
