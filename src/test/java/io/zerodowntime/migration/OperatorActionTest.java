package io.zerodowntime.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.zerodowntime.testing.ReferencePage;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The actions are those that docs/identity.md promises, by the same names. */
class OperatorActionTest {
  @Test
  void areListed() {
    List<String> listed =
        ReferencePage.read(Path.of("docs/identity.md"))
            .rows("member")
            .filter(row -> row.get(0).equals("`action`"))
            .flatMap(row -> ReferencePage.inside(row.get(1)).stream())
            .toList();
    assertThat(listed)
        .containsExactlyInAnyOrderElementsOf(
            Stream.of(OperatorAction.values()).map(OperatorAction::label).toList());
  }
}
