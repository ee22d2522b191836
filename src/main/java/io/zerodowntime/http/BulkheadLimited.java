package io.zerodowntime.http;

import jakarta.interceptor.InterceptorBinding;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Calls whose work takes one of a bounded number of slots, and that are answered within the
 * deadline of their request, as {@link WithinDeadline} says.
 */
@InterceptorBinding
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
public @interface BulkheadLimited {}
