package io.zerodowntime.http;

import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import jakarta.annotation.Priority;
import jakarta.inject.Inject;
import jakarta.interceptor.AroundInvoke;
import jakarta.interceptor.Interceptor;
import jakarta.interceptor.InvocationContext;

/** Bounds the time of calls that take no slot. */
@WithinDeadline
@Interceptor
@Priority(Interceptor.Priority.APPLICATION)
class WithinDeadlineInterceptor {
  private final RequestDeadlines deadlines;

  @Inject
  WithinDeadlineInterceptor(RequestDeadlines deadlines) {
    this.deadlines = deadlines;
  }

  @AroundInvoke
  Object bound(InvocationContext call) throws Exception {
    Object result = call.proceed();
    if (result instanceof Multi<?> stream) {
      return deadlines.firstOf(stream);
    }
    return result instanceof Uni<?> work ? deadlines.bound(work) : result;
  }
}
