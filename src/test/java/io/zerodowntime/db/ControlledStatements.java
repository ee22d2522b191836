package io.zerodowntime.db;

import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.UniEmitter;
import java.util.ArrayList;
import java.util.List;

/** Statements whose end a test decides. {@code 2:} is a batch key, {@code =k} a conflict key. */
class ControlledStatements implements StatementBatcher.Writes<String, String> {
  final List<List<String>> sent = new ArrayList<>();
  private final List<UniEmitter<? super List<String>>> ends = new ArrayList<>();

  @SuppressWarnings("unchecked")
  UniEmitter<Object> under(int statement) {
    return (UniEmitter<Object>) (UniEmitter<?>) ends.get(statement);
  }

  void succeed(int statement) {
    under(statement).complete(sent.get(statement).stream().map(each -> "did " + each).toList());
  }

  void fail(int statement) {
    under(statement).fail(new IllegalStateException("statement " + statement));
  }

  @Override
  public Object batchKey(String write) {
    return write.startsWith("2:");
  }

  @Override
  public Object conflictKey(String write) {
    return write.startsWith("=") ? write : null;
  }

  @Override
  public int bytes(String write) {
    return write.length();
  }

  @Override
  public Uni<String> sendOne(String write, WriteRequests requests) {
    if (write.equals("throws")) {
      throw new IllegalStateException("thrown");
    }
    return sendBatch(List.of(write), requests).map(results -> results.get(0));
  }

  @Override
  public Uni<List<String>> sendBatch(List<String> writes, WriteRequests requests) {
    if (writes.contains("throws")) {
      throw new IllegalStateException("thrown");
    }
    sent.add(List.copyOf(writes));
    return Uni.createFrom().emitter(ends::add);
  }
}
