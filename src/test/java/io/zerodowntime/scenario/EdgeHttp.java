package io.zerodowntime.scenario;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.zerodowntime.scenario.EdgeAnswers.Answer;
import io.zerodowntime.scenario.EdgeAnswers.Call;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;

/**
 * One client's connections to all instances, which it asks in turn. It sends the token of its last
 * write along, and notes every answer.
 */
final class EdgeHttp {
  private static final String TOKEN = "Write-Position";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final List<URI> instances;
  private final Duration limit;
  private final EdgeAnswers answers;
  private int turn;
  private String token = "";

  /**
   * @param limit how long it waits for an answer
   */
  EdgeHttp(List<URI> instances, Duration limit, EdgeAnswers answers) {
    this.instances = instances;
    this.limit = limit;
    this.answers = answers;
  }

  /**
   * Sends it to the next instance that takes connections.
   *
   * @param body null for none
   * @param key the Idempotency-Key; null for none
   */
  Reply send(Call call, String method, String path, String body, String key)
      throws IOException, InterruptedException {
    for (int left = instances.size(); ; left--) {
      URI instance = instances.get(turn++ % instances.size());
      long sent = System.nanoTime();
      try {
        HttpResponse<String> answer =
            http.send(
                request(call, instance.resolve(path), method, body, key),
                HttpResponse.BodyHandlers.ofString());
        if (!call.reads()) {
          token = answer.headers().firstValue(TOKEN).orElse(token);
        }
        return note(call, instance, sent, answer);
      } catch (ConnectException refused) {
        if (left == 1) {
          throw refused;
        }
      } catch (IOException e) {
        String name = e.getClass().getSimpleName();
        answers.add(new Answer(call, instance, sent, since(sent), 0, name, false));
        return new Reply(0, "", false, true);
      }
    }
  }

  private HttpRequest request(Call call, URI uri, String method, String body, String key) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri)
            .timeout(limit)
            .header("Content-Type", "application/json")
            .method(
                method,
                body == null
                    ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofString(body));
    if (call != Call.READ && !token.isEmpty()) {
      request.header(TOKEN, token);
    }
    return (key == null ? request : request.header("Idempotency-Key", key)).build();
  }

  private Reply note(Call call, URI instance, long sent, HttpResponse<String> answer) {
    int status = answer.statusCode();
    String problem = status < 400 ? "" : problem(answer);
    boolean documented =
        status == 503
            && !problem.isEmpty()
            && answer.headers().firstValue("Retry-After").isPresent();
    Answer noted = new Answer(call, instance, sent, since(sent), status, problem, documented);
    answers.add(noted);
    return new Reply(
        noted.good() ? status : -status,
        answer.body(),
        answer.headers().firstValue("Idempotent-Replayed").isPresent(),
        problem.equals("outcome-unknown"));
  }

  /** The end of the problem's type; empty if the body is not a problem. */
  private static String problem(HttpResponse<String> answer) {
    String type = answer.headers().firstValue("Content-Type").orElse("");
    try {
      JsonNode body = JSON.readTree(answer.body());
      boolean agrees = body.path("status").asInt() == answer.statusCode();
      String name = body.path("type").asText();
      return type.startsWith("application/problem+json") && agrees
          ? name.substring(name.lastIndexOf(':') + 1)
          : "";
    } catch (JsonProcessingException e) {
      return "";
    }
  }

  private static Duration since(long sent) {
    return Duration.ofNanos(System.nanoTime() - sent);
  }

  /**
   * What came back.
   *
   * @param status positive if it was what the call asks for
   * @param unknown whether the write may have been done although the client was not told so
   */
  record Reply(int status, String body, boolean replayed, boolean unknown) {
    boolean good() {
      return status > 0;
    }

    JsonNode json() throws JsonProcessingException {
      return JSON.readTree(body);
    }
  }
}
