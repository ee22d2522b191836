// Package fence sends statements of pgx v5 that act by the phase in force (docs/protocol.md#the-fence). Copy it.
package fence

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	attempts        = 10
	undefinedColumn = "42703"
	stalePlan       = "0A000"
)

var (
	name   = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
	behind = regexp.MustCompile(`\bfence\b`)
)

// Session is a pool, a connection or a transaction.
type Session interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// Fence is that of one migration. Goroutines may share it.
type Fence struct {
	migration, state string
	seen             atomic.Int32 // the phase seen last: a guess, which each statement checks
}

// New takes the migration's name, as in its definition.
func New(migration string) (*Fence, error) {
	if !name.MatchString(migration) {
		return nil, fmt.Errorf("not a migration's name: %s", migration)
	}
	return &Fence{migration: migration, state: `(SELECT phase FROM migration_state WHERE name = '` + migration + `'
		AND current_setting('transaction_isolation') = 'read committed')`}, nil
}

// Send sends the statement of the phase in force and gives its rows by column; none if none matched.
// The variants are by phase: each takes its rows FROM fence, which is empty in every other phase, and
// returns what it wrote or read. The session is at READ COMMITTED. Any other failure is the caller's:
// it is not known here whether a statement may be sent twice.
func (f *Fence) Send(ctx context.Context, to Session, variants [4]string, values ...any) ([]map[string]any, error) {
	failed := int32(-1) // the phase whose variant named a column that is not there
	for range attempts {
		phase := f.seen.Load()
		if !behind.MatchString(variants[phase]) {
			return nil, fmt.Errorf("not behind the fence: %s", variants[phase])
		}
		result, _ := to.Query(ctx, f.statement(variants[phase], phase), values...) // a failure comes with the rows too
		rows, err := pgx.CollectRows(result, pgx.RowToMap)
		if known := new(pgconn.PgError); errors.As(err, &known) && known.Code == stalePlan {
			continue // pgx has forgotten the plan of before a schema change
		} else if errors.As(err, &known) && known.Code == undefinedColumn && phase != 3 && phase != failed {
			failed = phase
			f.seen.Store(3) // dropped, perhaps: the variant of phase 3 tells
			continue
		}
		if err != nil {
			return nil, err
		}
		actual, known := rows[0]["in_force"].(int16)
		if !known {
			return nil, errors.New("the migration is not registered, or not at READ COMMITTED")
		}
		if int32(actual) == phase && rows[0]["matched"] == nil {
			return nil, nil
		}
		if int32(actual) == phase {
			return rows, nil
		}
		f.seen.Store(int32(actual))
	}
	return nil, errors.New("the phase keeps changing")
}

// One snapshot gives phase and rows.
func (f *Fence) statement(variant string, phase int32) string {
	return fmt.Sprintf(`WITH fence AS (SELECT 1 WHERE %[1]s = %[2]d), written AS (%[3]s)
		SELECT now.phase AS in_force, found.* FROM (SELECT %[1]s AS phase) AS now
		LEFT JOIN (SELECT true AS matched, written.* FROM written) AS found ON true`, f.state, phase, variant)
}

// Heartbeat is optional: until some seconds after the last one, no step is taken that this instance does not ask for.
func (f *Fence) Heartbeat(ctx context.Context, to Session, instance string, phase int) error {
	_, err := to.Exec(ctx, `INSERT INTO migration_instance (migration, instance, requested_phase, writes_up_to, version)
		VALUES ($1, $2, $3, 3, 'helper') ON CONFLICT (migration, instance) DO UPDATE
		SET requested_phase = excluded.requested_phase, heartbeat_at = now()`, f.migration, instance, phase)
	return err
}
