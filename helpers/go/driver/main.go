// The writer of the conformance suite (helpers/README.md): commands in lines of words, an answer each.
package main

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"

	"zerodowntime/helpers/fence"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	old = "id, lower(old_status) AS status"
	now = "id, status"
)

var (
	createOrder = [4]string{
		insert("old_status", "upper($1)"),
		insert("old_status, status", "upper($1), $1"),
		insert("old_status, status", "upper($1), $1"),
		insert("status", "$1"),
	}
	changeOrder = [4]string{
		update("old_status = upper($2)"),
		update("old_status = upper($2), status = $2"),
		update("old_status = upper($2), status = $2"),
		update("status = $2"),
	}
	readOrder = [4]string{find(old), find(old), find(now), find(now)}
)

func insert(columns, values string) string {
	return "INSERT INTO shop_orders (user_id, amount, " + columns + ") SELECT 7, 12.5, " + values +
		" FROM fence RETURNING id"
}

func update(columns string) string {
	return "UPDATE shop_orders SET " + columns + " FROM fence WHERE id = $1 RETURNING id"
}

func find(order string) string {
	return "SELECT " + order + " FROM shop_orders, fence WHERE id = $1"
}

type driver struct {
	fence       *fence.Fence
	pool        *pgxpool.Pool
	transaction pgx.Tx // an open one, or nil
}

func (d *driver) session() fence.Session {
	if d.transaction != nil {
		return d.transaction
	}
	return d.pool
}

func (d *driver) first(ctx context.Context, column string, variants [4]string, values ...any) (any, error) {
	rows, err := d.fence.Send(ctx, d.session(), variants, values...)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return rows[0][column], nil
}

func (d *driver) run(ctx context.Context, command string, words []string) (any, error) {
	switch command {
	case "create":
		return d.first(ctx, "id", createOrder, words[0])
	case "change":
		id, _ := strconv.ParseInt(words[0], 10, 64)
		return d.first(ctx, "id", changeOrder, id, words[1])
	case "read":
		id, _ := strconv.ParseInt(words[0], 10, 64)
		return d.first(ctx, "status", readOrder, id)
	case "heartbeat":
		phase, _ := strconv.Atoi(words[1])
		return words[0], d.fence.Heartbeat(ctx, d.session(), words[0], phase)
	case "begin":
		level := strings.Join(words, " ")
		transaction, err := d.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.TxIsoLevel(level)})
		d.transaction = transaction
		return level, err
	case "commit":
		err := d.transaction.Commit(ctx)
		d.transaction = nil
		return command, err
	case "rollback":
		err := d.transaction.Rollback(ctx)
		d.transaction = nil
		return command, err
	}
	return nil, fmt.Errorf("unknown: %s", command)
}

func main() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	orders, err := fence.New("shop-order-status")
	if err != nil {
		log.Fatal(err)
	}
	d := &driver{fence: orders, pool: pool}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		words := strings.Fields(lines.Text())
		answer := "none"
		if value, err := d.run(ctx, words[0], words[1:]); err != nil {
			answer = "error " + strings.ReplaceAll(err.Error(), "\n", " ")
		} else if value != nil {
			answer = fmt.Sprint("ok ", value)
		}
		fmt.Println(answer)
	}
}
