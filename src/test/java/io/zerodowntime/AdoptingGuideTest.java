package io.zerodowntime;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** The Java code that docs/adopting.md tells a team to write compiles against this source. */
@Execution(ExecutionMode.CONCURRENT)
class AdoptingGuideTest {
  private static final Pattern BLOCK =
      Pattern.compile("<!-- compiled: (\\S+) -->\\n```java\\n(.*?)```", Pattern.DOTALL);
  private static final Pattern JAVA = Pattern.compile("^```java$", Pattern.MULTILINE);

  @TempDir private Path directory;

  @Test
  void compiles() throws IOException {
    String guide = Files.readString(Path.of("docs/adopting.md"));
    List<Path> sources =
        BLOCK.matcher(guide).results().map(block -> write(block.group(1), block.group(2))).toList();
    assertThat(sources).isNotEmpty().hasSize((int) JAVA.matcher(guide).results().count());
    assertThat(compile(sources)).isEmpty();
  }

  private Path write(String name, String code) {
    try {
      Path file = directory.resolve(name);
      Files.createDirectories(file.getParent());
      return Files.writeString(file, code);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String compile(List<Path> sources) throws IOException {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
    String classPath =
        Stream.of("java.class.path", "surefire.test.class.path")
            .map(name -> System.getProperty(name, ""))
            .collect(Collectors.joining(File.pathSeparator));
    List<String> options =
        List.of("-proc:none", "-d", directory.toString(), "-classpath", classPath);
    try (StandardJavaFileManager files = compiler.getStandardFileManager(found, null, null)) {
      compiler
          .getTask(null, files, found, options, null, files.getJavaFileObjectsFromPaths(sources))
          .call();
    }
    return found.getDiagnostics().stream()
        .filter(diagnostic -> diagnostic.getKind() == Diagnostic.Kind.ERROR)
        .map(Diagnostic::toString)
        .collect(Collectors.joining("\n"));
  }
}
