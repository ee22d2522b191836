package io.zerodowntime.scenario;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.function.Supplier;
import java.util.stream.StreamSupport;

/** What an operator does by HTTP with one migration. */
final class Operator {
  static final String PASSWORD = "secret-of-operators";
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String BASIC =
      "Basic "
          + Base64.getEncoder()
              .encodeToString(("operator:" + PASSWORD).getBytes(StandardCharsets.UTF_8));

  private final HttpClient http = HttpClient.newHttpClient();
  private final URI address;
  private final Supplier<String> authorization;

  /**
   * With the password.
   *
   * @param instance the one that the operator speaks to
   */
  Operator(URI instance, String migration) {
    this(instance, migration, () -> BASIC);
  }

  /**
   * @param instance the one that the operator speaks to
   * @param authorization the header of each request
   */
  Operator(URI instance, String migration, Supplier<String> authorization) {
    this.address = instance.resolve("/migrations/" + migration);
    this.authorization = authorization;
  }

  /** The migration's status. */
  JsonNode status() throws IOException, InterruptedException {
    return JSON.readTree(call("GET", "").body());
  }

  /** The remedy of a closed gate of the next step; empty if it is open or not asked. */
  String remedy(String gate) throws IOException, InterruptedException {
    return StreamSupport.stream(status().get("gates").spliterator(), false)
        .filter(verdict -> verdict.get("gate").asText().equals(gate))
        .filter(verdict -> !verdict.get("open").asBoolean())
        .map(verdict -> verdict.get("remedy").asText())
        .findFirst()
        .orElse("");
  }

  /** Where the migration stands and which gates are closed, for a person; never fails. */
  String describe() {
    try {
      return status().toPrettyString();
    } catch (IOException | InterruptedException e) {
      return "no status: " + e;
    }
  }

  HttpResponse<String> post(String what) throws IOException, InterruptedException {
    return call("POST", "/" + what);
  }

  private HttpResponse<String> call(String method, String what)
      throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(address + what))
            .timeout(Duration.ofSeconds(60))
            .header("Authorization", authorization.get())
            .method(method, HttpRequest.BodyPublishers.noBody())
            .build();
    return http.send(request, HttpResponse.BodyHandlers.ofString());
  }
}
