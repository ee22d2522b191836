package io.zerodowntime.http;

import io.smallrye.mutiny.Uni;
import jakarta.annotation.Priority;
import jakarta.inject.Inject;
import jakarta.interceptor.AroundInvoke;
import jakarta.interceptor.Interceptor;
import jakarta.interceptor.InvocationContext;

/** Bounds the number and the time of calls. */
@BulkheadLimited
@Interceptor
@Priority(Interceptor.Priority.APPLICATION)
class BulkheadInterceptor {
  private final RequestDeadlines deadlines;

  @Inject
  BulkheadInterceptor(RequestDeadlines deadlines) {
    this.deadlines = deadlines;
  }

  @AroundInvoke
  Object bound(InvocationContext call) throws Exception {
    Object result = call.proceed();
    return result instanceof Uni<?> work ? deadlines.admit(work) : result;
  }
}
