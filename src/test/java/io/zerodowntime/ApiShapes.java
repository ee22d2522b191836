package io.zerodowntime;

import io.zerodowntime.testing.JsonShape;

/** Every JSON that the program speaks: members by name and type. */
public final class ApiShapes {
  /** The token that the answer to a write carries where there are replicas. */
  public static final String WRITE_POSITION = "[A-Za-z0-9_-]{28}";

  static final JsonShape ORDER =
      JsonShape.of("id:number userId:number amount:number status:string createdAt:string");
  static final JsonShape PROBLEM =
      JsonShape.of("type:string title:string status:number detail:string");
  static final JsonShape INVALID =
      JsonShape.of("type:string title:string status:number detail:string violations:array");
  static final JsonShape PHASE = JsonShape.of("phase:number name:string");
  static final JsonShape VERDICT =
      JsonShape.of("gate:string open:boolean reason:string remedy:string");
  static final JsonShape SHADOW = JsonShape.of("matches:number mismatches:number errors:number");
  static final JsonShape STATUS =
      JsonShape.of(
          """
          name:string table:string oldColumns:array newColumns:array requested:object|null
          disagreement:string|null flagsRejected:string|null effective:object epoch:number
          since:string drained:boolean gracePeriod:array nextStep:string gates:array
          indexBuild:object|null
          oldStale:boolean backfill:object|null parity:object|null pace:object unrepairedMismatches:number
          shadow:object instances:array writers:array unfencedWriters:array contractedAt:string|null gatesSince:object
          mismatchedKeys:array service:object|null flagCommands:object readAt:string
          """);
  static final JsonShape RUN =
      JsonShape.of(
          """
          run:number kind:string authoritativeColumns:array state:string
          mode:string|null wholeTable:boolean
          rowsEstimate:number scannedRows:number changedRows:number mismatchedRows:number
          lockedRows:number lagRows:number
          rowsPerSecond:number etaSeconds:number|null batchSize:number delayMillis:number
          targetLoad:number throttledBy:string|null startedAt:string finishedAt:string|null
          """);
  static final JsonShape LIVE_INSTANCE =
      JsonShape.of(
          """
          instance:string requested:object writesUpTo:object version:string startedAt:string
          heartbeatAt:string
          """);
  static final JsonShape HISTORY_ENTRY =
      JsonShape.of(
          """
          id:number kind:string epoch:number fromPhase:number toPhase:number at:string
          instance:string subject:string|null action:string|null reason:string evidence:object
          """);
  static final JsonShape CERTIFICATE =
      JsonShape.of(
          """
          migration:string table:string droppedColumns:array keptColumns:array at:string
          requestedBy:string instance:string epoch:number rowsEstimate:number walLsn:string
          server:string evidence:object gates:array runs:array
          """);
  static final JsonShape EVIDENCE =
      JsonShape.of(
          """
          forward:object|null reverse:object|null parity:object|null unrepaired:number
          shadow:object lasted:number|string unfenced:array
          """);
  static final JsonShape PAST_RUN =
      JsonShape.of(
          """
          id:number kind:string epoch:number scanned:number changed:number mismatched:number
          finishedAt:string
          """);

  private ApiShapes() {}
}
