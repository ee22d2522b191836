/*
 * The phase protocol of protocol.md as a model for SPIN: two rows, two writers, two backfill workers, and a
 * reconciler that takes any step whose gates are open. Steps, writes and runs are not limited in number.
 *
 * A statement locks the table, takes its snapshot, and commits; other processes may run in between.
 * The change of a row and the commit are one step of the model: in PostgreSQL a second writer of the row
 * waits for the first one to end, and works on the row as it is then.
 *
 * `.ci/model` checks the model as it stands. It then takes one rule away at a time, by one of these
 * definitions, and each of these models must be refuted:
 *   NOFENCE      a write does not check the phase in its snapshot
 *   HALFNET      writers know nothing of the phase, and the triggers fill the new column only
 *   OUTSIDE      the phase is read by a statement of its own, right before the write
 *   SNAPSHOT1ST  the snapshot is taken before the lock, as in a transaction at REPEATABLE READ
 *   NODRAIN      a run does not wait for the grace period
 *   NOLIST       the grace period lists the transactions to wait for before the step commits
 *   XMIN         the grace period waits only for transactions that have an id
 *   TWOSTEP      0 -> 2 in one step
 *   NOBACKFILL   1 -> 2 does not wait for a backfill
 *   NOREVERSE    2 -> 1 does not wait until the old column is filled again
 *   ISNULL       a batch fills only rows whose column is NULL
 *   EARLIER      a batch writes a value that it computed before it locked the row
 *   NOEPOCH      a batch does not check that the epoch of its run is in force
 * With NET no writer checks the phase, and triggers fill the column that it does not write; this model
 * must have no error either.
 */
#ifndef ROWS
#define ROWS 2
#endif
#ifndef WRITERS
#define WRITERS 2
#endif
#ifndef WORKERS
#define WORKERS 2
#endif
#define ALL (WRITERS + WORKERS)

/* migration_state; instead of a number, each worker knows whether the epoch that it works in is in force */
byte phase = 0;
bool drained = true, listed = true;  /* listed: it is written down whom the grace period waits for */
bool stale = false;                  /* phase 3 left the old column stale, and it was not filled again */

/* the table: 0 is NULL; truth is the value of the last acknowledged write */
byte old[ROWS], new[ROWS], truth[ROWS];
bool exists[ROWS];

/* pg_locks: who holds ROW EXCLUSIVE on the table, and whom the grace period waits for */
bool locked[ALL], waited[ALL];
#if ALL == 2
#define AWAITED (waited[0] || waited[1])
#elif ALL == 3
#define AWAITED (waited[0] || waited[1] || waited[2])
#else
#define AWAITED (waited[0] || waited[1] || waited[2] || waited[3])
#endif
#ifdef XMIN
bool xid[ALL];
#define HELD(i) xid[i]
#else
#define HELD(i) locked[i]
#endif

/* backfill_run and backfill_progress: there is one run at most, over one range */
mtype = { none, forward, reverse, parity };
mtype job = none;
byte cursor = 0;                     /* the next row of the run */
bool claimed = false;                /* a batch holds the range: others skip it */
bool current[WORKERS];               /* the epoch in which this worker looked at the run is in force */
bool filled = false, clean = false;  /* evidence of this epoch: a complete backfill, a clean comparison after it */

inline step(to) {
  phase = to;
  drained = false;
#ifndef NOLIST
  listed = false;
#endif
  job = none; cursor = 0; claimed = false;  /* the run of the epoch that ends is cancelled */
  filled = false; clean = false;
  for (i : 0 .. WORKERS - 1) { current[i] = false }; i = 0
}

inline list() {
  for (i : 0 .. ALL - 1) { waited[i] = HELD(i) };
  i = 0; listed = true
}

#ifdef XMIN
inline identify() { xid[me] = true }
inline release() { locked[me] = false; waited[me] = false; xid[me] = false }
#else
inline identify() { skip }
inline release() { locked[me] = false; waited[me] = false }
#endif

proctype writer(byte me) {
  byte sent = 0, seen = 0, row = 0;  /* sent: the phase whose variant of the statement is sent */
end:
  do
#if ROWS == 2
  :: if :: row = 0 :: row = 1 fi;
#else
  :: true ->
#endif
     do
     :: true ->
#ifdef OUTSIDE
        sent = phase;
#endif
#ifdef SNAPSHOT1ST
        seen = phase;
        locked[me] = true;
#else
        locked[me] = true;
        seen = phase;
#endif
#if defined(NOFENCE) || defined(OUTSIDE) || defined(NET) || defined(HALFNET)
        seen = sent;
#endif
        identify();
        if
        :: atomic { seen == sent ->
             exists[row] = true;
             truth[row] = 1 + (truth[row] % 2);
#if defined(NET) || defined(HALFNET)
             if  /* it writes one column; the trigger sets the other one in the same row version */
             :: old[row] = truth[row]; new[row] = truth[row]
             :: new[row] = truth[row];
#ifdef NET
                old[row] = truth[row]
#endif
             fi;
#else
             if :: sent <= 2 -> old[row] = truth[row] :: else fi;
             if :: sent >= 1 -> new[row] = truth[row] :: else fi;
#endif
             release(); row = 0; seen = 0
           };
           break
#ifndef NET
        :: atomic { seen != sent ->  /* it did nothing: the variant for the phase in force is sent */
             release(); sent = phase; seen = 0
           }
#endif
        fi
     od
  od
}

/* One batch of a backfill a turn. */
proctype worker(byte me) {
  mtype kind = none;
  byte row = ROWS, value = 0;
end:
  do
  :: atomic { job == forward || job == reverse ->  /* what the worker knows of the run */
       kind = job; current[me - WRITERS] = true
     };
     locked[me] = true;
     atomic {                        /* the snapshot, and the claim: FOR UPDATE SKIP LOCKED */
       if
#ifdef NOEPOCH
       :: true -> row = cursor; claimed = true
#else
       :: current[me - WRITERS] && job == kind && !claimed && cursor < ROWS -> row = cursor; claimed = true
       :: else
#endif
       fi;
#ifdef EARLIER
       if :: row < ROWS && kind == forward -> value = old[row]
          :: row < ROWS && kind == reverse -> value = new[row]
          :: else
       fi
#endif
     };
     identify();
     atomic {
       if
       :: row < ROWS ->
#ifndef EARLIER
          if :: kind == forward -> value = old[row] :: else -> value = new[row] fi;
#endif
          if
#ifdef ISNULL
          :: exists[row] && kind == forward && new[row] == 0 -> new[row] = value
          :: exists[row] && kind == reverse && old[row] == 0 -> old[row] = value
#else
          :: exists[row] && kind == forward -> new[row] = value
          :: exists[row] && kind == reverse -> old[row] = value
#endif
          :: else
          fi;
          if :: current[me - WRITERS] -> cursor = row + 1; claimed = false :: else fi
       :: else
       fi;
       release(); kind = none; row = ROWS; value = 0; current[me - WRITERS] = false
     }
  od
}

proctype reconciler() {
  byte i = 0;
end:
  do
  /* steps, and their gates */
  :: atomic { phase == 0 -> step(1) }
#ifdef TWOSTEP
  :: atomic { phase == 0 -> step(2) }
#endif
#ifdef NOBACKFILL
  :: atomic { phase == 1 && drained -> step(2) }
#else
  :: atomic { phase == 1 && drained && filled && clean -> step(2) }
#endif
  :: atomic { phase == 2 && drained && clean && !stale -> step(3); stale = true }
  :: atomic { phase == 3 -> step(2) }
#ifdef NOREVERSE
  :: atomic { phase == 2 && drained -> step(1); stale = false }
#else
  :: atomic { phase == 2 && drained && !stale -> step(1) }
#endif
  :: atomic { phase == 1 -> step(0) }

  /* the grace period: one list, made after the step's commit, and then polls */
#ifdef NOLIST
  :: atomic { list() }
#else
  :: atomic { !listed -> list() }
#endif
  :: atomic { listed && !drained && !AWAITED -> drained = true }

  /* runs */
#ifdef NODRAIN
  :: atomic { job == none && phase == 1 -> job = forward; filled = false; clean = false }
  :: atomic { job == none && phase == 2 && stale -> job = reverse; filled = false; clean = false }
#else
  :: atomic { job == none && drained && phase == 1 -> job = forward; filled = false; clean = false }
  :: atomic { job == none && drained && phase == 2 && stale -> job = reverse; filled = false; clean = false }
#endif
  :: atomic { job == none && drained && (phase == 1 && filled || phase == 2 && (filled || !stale)) ->
       job = parity; clean = false
     }
  :: atomic { job == parity && cursor < ROWS ->
       assert(old[cursor] == new[cursor]);   /* whoever writes by the protocol leaves no mismatch */
       cursor++
     }
  :: atomic { job == parity && cursor == ROWS ->
       clean = true; job = none; cursor = 0;
       if :: phase == 2 && filled -> stale = false :: else fi
     }
  :: atomic { (job == forward || job == reverse) && cursor == ROWS && !claimed ->
       filled = true; job = none; cursor = 0
     }
  od
}

init {
  byte i;
  atomic {
    if :: exists[0] = true; old[0] = 1; truth[0] = 1 :: skip fi;  /* the first row is there, or is inserted later */
    for (i : 0 .. WRITERS - 1) { run writer(i) };
    for (i : WRITERS .. ALL - 1) { run worker(i) };
    i = 0;
    run reconciler()
  }
}

/* A reader is given the authoritative column of one snapshot. It holds the last acknowledged value. */
#define right(r) (!exists[r] || (phase <= 1 && old[r] == truth[r]) || (phase >= 2 && new[r] == truth[r]))
#if ROWS == 2
ltl nothing_lost { [] (right(0) && right(1)) }
#else
ltl nothing_lost { [] right(0) }
#endif
