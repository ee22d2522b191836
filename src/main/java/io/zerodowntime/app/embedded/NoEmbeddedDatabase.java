package io.zerodowntime.app.embedded;

import com.oracle.svm.core.annotate.Substitute;
import com.oracle.svm.core.annotate.TargetClass;
import java.nio.file.Path;

/**
 * What {@link EmbeddedDatabase} is in a native image: its one way in ends here, so neither the
 * server's library nor its binaries are reachable. No other code ever sees this class.
 */
@TargetClass(EmbeddedDatabase.class)
final class NoEmbeddedDatabase {
  private NoEmbeddedDatabase() {}

  @Substitute
  @SuppressWarnings({"unused", "DoNotCallSuggester"}) // stands for EmbeddedDatabase.start(Path)
  public static EmbeddedDatabase start(Path directory) {
    throw new StartException(StartException.NO_DATABASE);
  }
}
