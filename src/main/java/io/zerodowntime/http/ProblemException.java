package io.zerodowntime.http;

import java.util.List;

/** Ends a request with a problem. */
public class ProblemException extends RuntimeException {
  private final transient Problem problem;

  public ProblemException(Problem problem) {
    super(problem.title(), null, false, false);
    this.problem = problem;
  }

  public Problem problem() {
    return problem;
  }

  /** Does nothing if nothing is wrong; else throws a 400 that lists it. */
  public static void throwIfAny(List<Violation> violations) {
    if (!violations.isEmpty()) {
      throw new ProblemException(Problem.invalid(violations));
    }
  }
}
