package io.zerodowntime.migration.schema;

import io.zerodowntime.migration.MigrationException.SchemaFailed;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import liquibase.ContextExpression;
import liquibase.Labels;
import liquibase.Liquibase;
import liquibase.Scope;
import liquibase.changelog.ChangeSet;
import liquibase.changelog.DatabaseChangeLog;
import liquibase.changelog.FastCheckService;
import liquibase.exception.LiquibaseException;
import liquibase.resource.DirectoryResourceAccessor;

/**
 * The changelog files of a directory, which stand behind the program's own in each run. They are
 * read again for each, so that the directory may be a mounted ConfigMap. A file is known by its
 * name alone: another directory does not make other changesets of it.
 */
final class ChangelogDirectory {
  /** Liquibase takes any other text for one changeset without labels, which would always run. */
  private static final Pattern FORMATTED =
      Pattern.compile("\\A\\s*--\\s*liquibase\\s+formatted\\s+sql\\b", Pattern.CASE_INSENSITIVE);

  private static final Set<String> STAGES =
      Arrays.stream(SchemaStage.values()).map(SchemaStage::label).collect(Collectors.toSet());

  private final Path directory;

  ChangelogDirectory(Path directory) {
    this.directory = directory;
  }

  /** The same Liquibase, with the files of this directory in its changelog. */
  Supplier<Liquibase> behind(Supplier<Liquibase> program) {
    return () -> {
      Liquibase liquibase = program.get();
      try {
        include(liquibase.getDatabaseChangeLog());
        return liquibase;
      } catch (IOException | LiquibaseException | RuntimeException e) {
        close(liquibase, e);
        throw e instanceof SchemaFailed failed ? failed : failed("", SchemaErrors.reason(e));
      }
    };
  }

  private void include(DatabaseChangeLog changelog) throws IOException, LiquibaseException {
    // the kubelet replaces all files of a ConfigMap at once, by this link
    Path link = directory.resolve("..data");
    Path version = Files.exists(link) ? link.toRealPath() : directory.toRealPath();
    int program = changelog.getChangeSets().size();
    try (DirectoryResourceAccessor files = new DirectoryResourceAccessor(version)) {
      for (String file : names(version)) {
        include(changelog, files, version, file);
      }
    } catch (IOException | LiquibaseException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException(e);
    }
    changelog.getChangeSets().stream().skip(program).forEach(this::requireLabels);
    // remembers by its labels alone that a run found nothing to do, whatever the files say now
    Scope.getCurrentScope().getSingleton(FastCheckService.class).clearCache();
  }

  private static List<String> names(Path version) throws IOException {
    try (Stream<Path> files = Files.list(version)) {
      return files
          .filter(Files::isRegularFile)
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".sql") && !name.startsWith("."))
          .sorted()
          .toList();
    }
  }

  private void include(
      DatabaseChangeLog changelog, DirectoryResourceAccessor files, Path version, String file) {
    try {
      if (!FORMATTED.matcher(Files.readString(version.resolve(file))).find()) {
        throw failed(file, "the first line must be: --liquibase formatted sql");
      }
      changelog.include(
          file,
          false,
          true,
          files,
          new ContextExpression(),
          new Labels(),
          false,
          DatabaseChangeLog.OnUnknownFileFormat.FAIL);
    } catch (CharacterCodingException e) {
      throw failed(file, "not a text in UTF-8");
    } catch (IOException | LiquibaseException e) {
      throw failed(file, SchemaErrors.reason(e));
    }
  }

  private void requireLabels(ChangeSet changeSet) {
    Set<String> labels = changeSet.getLabels().getLabels();
    if (labels.size() != 2 || labels.stream().filter(STAGES::contains).count() != 1) {
      throw failed(
          changeSet.getFilePath(),
          "changeset %s: the labels must be a migration's name and one of %s, and are: %s"
              .formatted(
                  changeSet.getId(),
                  STAGES.stream().sorted().collect(Collectors.joining(", ")),
                  labels.isEmpty() ? "none" : String.join(", ", labels)));
    }
  }

  private SchemaFailed failed(String file, String reason) {
    return new SchemaFailed(
        "CHANGELOG_DIR: %s: %s".formatted(directory.resolve(file), reason), false);
  }

  private static void close(Liquibase liquibase, Exception failure) {
    try {
      liquibase.close();
    } catch (LiquibaseException e) {
      failure.addSuppressed(e);
    }
  }
}
