package io.zerodowntime.http;

import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.UniEmitter;
import io.zerodowntime.db.RequestDeadline;
import jakarta.inject.Singleton;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Calls whose work ends when a test says so, for tests. */
@Path("/orders-stalling")
@Consumes("*/*")
@Singleton
@BulkheadLimited
public class StallingResource {
  private final Queue<UniEmitter<? super String>> works = new ConcurrentLinkedQueue<>();
  private final RequestDeadlines deadlines;

  StallingResource(RequestDeadlines deadlines) {
    this.deadlines = deadlines;
  }

  @GET
  public Uni<String> read() {
    return work();
  }

  @POST
  public Uni<String> write(String body) {
    return work();
  }

  @POST
  @Path("sent")
  public Uni<String> send(String body) {
    RequestDeadline.current().orElseThrow().markWriteSent();
    return work();
  }

  @POST
  @Path("long")
  public Uni<String> acceptLate() {
    deadlines.acceptLate("/elsewhere");
    return RequestDeadline.current().isEmpty() ? work() : Uni.createFrom().item("has a deadline");
  }

  private Uni<String> work() {
    return Uni.createFrom().<String>emitter(works::add);
  }

  /** How many calls are at work. */
  public int working() {
    return works.size();
  }

  /** Ends the work of every call. */
  public void finish() {
    for (UniEmitter<? super String> work = works.poll(); work != null; work = works.poll()) {
      work.complete("done");
    }
  }
}
