package io.zerodowntime.testing;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.condition.EnabledIf;

/** Skips a test on a machine without Redis, and says so. */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@EnabledIf(
    value = "io.zerodowntime.testing.RedisServer#isInstalled",
    disabledReason = "no Redis: apt-get install redis-server")
public @interface RequiresRedis {}
