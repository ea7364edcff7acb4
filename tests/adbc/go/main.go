// SPDX-License-Identifier: Apache-2.0

// Stoa behind Go's ADBC driver manager: what a Go program does with any driver. It prints TAP.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/apache/arrow-adbc/go/adbc"
	"github.com/apache/arrow-adbc/go/adbc/drivermgr"
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

var ctx = context.Background()

// open gives a connection to an empty database, and what closes both.
func open() (adbc.Connection, func(), error) {
	var driver drivermgr.Driver

	db, err := driver.NewDatabase(map[string]string{
		"driver": os.Getenv("STOA_LIBRARY"), "entrypoint": "AdbcDriverStoaInit", "uri": ":memory:"})
	if err != nil {
		return nil, nil, err
	}
	conn, err := db.Open(ctx)
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return conn, func() { conn.Close(); db.Close() }, nil
}

// with runs `action` with a statement for `sql`.
func with(conn adbc.Connection, sql string, action func(adbc.Statement) error) error {
	stmt, err := conn.NewStatement()
	if err != nil {
		return err
	}
	if sql != "" {
		err = stmt.SetSqlQuery(sql)
	}
	if err == nil {
		err = action(stmt)
	}
	return errors.Join(err, stmt.Close())
}

func run(conn adbc.Connection, sql string) error {
	return with(conn, sql, func(stmt adbc.Statement) error {
		_, err := stmt.ExecuteUpdate(ctx)
		return err
	})
}

// text writes all rows of a reader: fields behind commas, rows behind semicolons.
func text(rows array.RecordReader) (string, error) {
	defer rows.Release()
	var out []string
	for rows.Next() {
		batch := rows.Record()
		for row := 0; row < int(batch.NumRows()); row++ {
			var fields []string
			for _, column := range batch.Columns() {
				fields = append(fields, strings.Clone(column.ValueStr(row))) // It is C's memory.
			}
			out = append(out, strings.Join(fields, ","))
		}
	}
	return strings.Join(out, ";"), rows.Err()
}

// query tells what a query gives, as text does.
func query(conn adbc.Connection, sql string) (out string, err error) {
	err = with(conn, sql, func(stmt adbc.Statement) error {
		rows, _, err := stmt.ExecuteQuery(ctx)
		if err == nil {
			out, err = text(rows)
		}
		return err
	})
	return
}

func equal(got any, right any, err error) error {
	if err == nil && got != right {
		err = fmt.Errorf("got %v, not %v", got, right)
	}
	return err
}

// sample is (42,'a') (NULL,'b'), under any names.
func sample(names ...string) arrow.Record {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: names[0], Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		{Name: names[1], Type: arrow.BinaryTypes.String, Nullable: true}}, nil)
	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer builder.Release()
	builder.Field(0).(*array.Int64Builder).AppendValues([]int64{42, 0}, []bool{true, false})
	builder.Field(1).(*array.StringBuilder).AppendValues([]string{"a", "b"}, nil)
	return builder.NewRecord()
}

func ingest(conn adbc.Connection, mode string, rows arrow.Record) error {
	defer rows.Release()
	return with(conn, "", func(stmt adbc.Statement) error {
		reader, err := array.NewRecordReader(rows.Schema(), []arrow.Record{rows, rows})
		if err != nil {
			return err
		}
		defer reader.Release()
		err = errors.Join(stmt.SetOption(adbc.OptionKeyIngestTargetTable, "t"),
			stmt.SetOption(adbc.OptionKeyIngestMode, mode), stmt.BindStream(ctx, reader))
		if err != nil {
			return err
		}
		count, err := stmt.ExecuteUpdate(ctx)
		return equal(count, int64(4), err)
	})
}

func queries(conn adbc.Connection) error {
	got, err := query(conn, "SELECT 1 AS a, 'x' AS b UNION ALL SELECT NULL, 'y'")
	return equal(got, "1,x;(null),y", err)
}

func ingests(conn adbc.Connection) error {
	err := errors.Join(ingest(conn, adbc.OptionValueIngestModeCreate, sample("id", "name")),
		ingest(conn, adbc.OptionValueIngestModeAppend, sample("id", "name")))
	if err != nil {
		return err
	}
	if ingest(conn, adbc.OptionValueIngestModeCreate, sample("id", "name")) == nil {
		return errors.New("a table was created twice")
	}
	if ingest(conn, adbc.OptionValueIngestModeAppend, sample("id", "other")) == nil {
		return errors.New("a column that is not there was written to")
	}
	got, err := query(conn, "SELECT count(*), count(id), sum(id) FROM t")
	return equal(got, "8,4,168", err)
}

func binds(conn adbc.Connection) error {
	rows := sample("a", "b")
	defer rows.Release()
	if err := run(conn, "CREATE TABLE t(id INTEGER, name TEXT)"); err != nil {
		return err
	}
	err := with(conn, "INSERT INTO t VALUES (?, ?)", func(stmt adbc.Statement) error {
		if err := errors.Join(stmt.Prepare(ctx), stmt.Bind(ctx, rows)); err != nil {
			return err
		}
		schema, err := stmt.GetParameterSchema()
		if err := equal(schema.NumFields(), 2, err); err != nil {
			return err
		}
		count, err := stmt.ExecuteUpdate(ctx)
		return equal(count, int64(2), err)
	})
	if err != nil {
		return err
	}
	got, err := query(conn, "SELECT id, name FROM t ORDER BY name")
	return equal(got, "42,a;(null),b", err)
}

func transactions(conn adbc.Connection) error {
	options := conn.(adbc.PostInitOptions)
	err := errors.Join(run(conn, "CREATE TABLE t(a)"),
		options.SetOption(adbc.OptionKeyAutoCommit, adbc.OptionValueDisabled),
		run(conn, "INSERT INTO t VALUES (1)"), conn.Rollback(ctx),
		run(conn, "INSERT INTO t VALUES (2)"), conn.Commit(ctx),
		options.SetOption(adbc.OptionKeyAutoCommit, adbc.OptionValueEnabled))
	if err != nil {
		return err
	}
	var failure adbc.Error
	if err = conn.Commit(ctx); !errors.As(err, &failure) || failure.Code != adbc.StatusInvalidState {
		return fmt.Errorf("committing without a transaction: %v", err)
	}
	got, err := query(conn, "SELECT a FROM t")
	return equal(got, "2", err)
}

func metadata(conn adbc.Connection) error {
	if err := run(conn, "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT)"); err != nil {
		return err
	}
	schema, err := conn.GetTableSchema(ctx, nil, nil, "t")
	if err != nil {
		return err
	}
	if err = equal(schema.Field(1).Type, arrow.DataType(arrow.BinaryTypes.String), nil); err != nil {
		return err
	}
	rows, err := conn.GetObjects(ctx, adbc.ObjectDepthAll, nil, nil, nil, nil, nil)
	if err != nil {
		return err
	}
	objects, err := text(rows)
	if err != nil || !strings.Contains(objects, `"table_name":"t"`) ||
		!strings.Contains(objects, `"PRIMARY KEY"`) {
		return errors.Join(err, fmt.Errorf("the table is missing in %s", objects))
	}
	if rows, err = conn.GetTableTypes(ctx); err != nil {
		return err
	}
	types, err := text(rows)
	if err != nil || !strings.HasPrefix(types, "table;view") {
		return errors.Join(err, fmt.Errorf("types of tables: %s", types))
	}
	rows, err = conn.GetInfo(ctx, []adbc.InfoCode{adbc.InfoVendorName, adbc.InfoDriverName})
	if err != nil {
		return err
	}
	info, err := text(rows)
	if err != nil || !strings.Contains(info, "ADBC Stoa Driver") {
		return errors.Join(err, fmt.Errorf("who the driver is: %s", info))
	}
	return nil
}

func failures(conn adbc.Connection) error {
	var failure adbc.Error
	_, err := query(conn, "SELECT a FROM nowhere")
	if !errors.As(err, &failure) || !strings.Contains(failure.Msg, "nowhere") {
		return fmt.Errorf("a missing table: %v", err)
	}
	err = with(conn, "", func(stmt adbc.Statement) error {
		_, _, err := stmt.ExecuteQuery(ctx)
		return err
	})
	if !errors.As(err, &failure) || failure.Code != adbc.StatusInvalidState {
		return fmt.Errorf("no query: %v", err)
	}
	return nil
}

// A reader outlives its statement, which the interface does not promise.
func outlives(conn adbc.Connection) error {
	var rows array.RecordReader
	err := with(conn, "WITH RECURSIVE r(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM r WHERE n < 99999)"+
		" SELECT n FROM r", func(stmt adbc.Statement) (err error) {
		rows, _, err = stmt.ExecuteQuery(ctx)
		return
	})
	if err != nil {
		return err
	}
	defer rows.Release()
	count, sum := int64(0), int64(0)
	for rows.Next() {
		for _, n := range rows.Record().Column(0).(*array.Int64).Int64Values() {
			count, sum = count+1, sum+n
		}
	}
	return errors.Join(rows.Err(), equal(count, int64(100000), nil), equal(sum, int64(4999950000), nil))
}

func main() {
	tests := []struct {
		sentence string
		run      func(adbc.Connection) error
	}{
		{"queries give their rows", queries},
		{"rows are ingested, and what cannot be is refused", ingests},
		{"rows are bound", binds},
		{"transactions are committed and rolled back", transactions},
		{"the catalogue is read", metadata},
		{"errors have their class and text", failures},
		{"a reader outlives its statement", outlives},
	}
	failed := 0
	for i, test := range tests {
		conn, done, err := open()
		if err == nil {
			err = test.run(conn)
			done()
		}
		if err != nil {
			failed++
			fmt.Printf("# %s\nnot ", strings.ReplaceAll(err.Error(), "\n", "\n# "))
		}
		fmt.Printf("ok %d - %s\n", i+1, test.sentence)
	}
	fmt.Printf("1..%d\n", len(tests))
	if failed > 0 {
		os.Exit(1)
	}
}
