// SPDX-License-Identifier: Apache-2.0

// The C interface from Go by cgo: handles are integers, parameters are packed, nothing is pinned.
//
//	CGO_CFLAGS=-Iinclude CGO_LDFLAGS="-L… -lstoa" go run .
package main

// #cgo LDFLAGS: -lstoa
// #include <stoa.h>
import "C"

import (
	"fmt"
	"os"
	"unsafe"
)

var noLimit C.stoa_op

func check(status C.stoa_status, failure *C.stoa_error) {
	if status < 0 {
		fmt.Fprintln(os.Stderr, C.GoString(&failure.text[0]))
		os.Exit(1)
	}
}

func text(value string) (*C.char, C.int64_t) {
	return (*C.char)(unsafe.Pointer(&[]byte(value)[0])), C.int64_t(len(value))
}

func main() {
	var failure C.stoa_error
	var db C.stoa_db
	var conn C.stoa_conn
	var rows C.stoa_rows

	target, targetSize := text(":memory:")
	check(C.stoa_open(noLimit, target, targetSize, nil, 0, &db, &failure), &failure)
	check(C.stoa_connect(db, noLimit, nil, 0, &conn, &failure), &failure)

	params := []C.stoa_value{
		{_type: C.STOA_TYPE_INT64, a: 41},
		{_type: C.STOA_TYPE_TEXT, a: 0, b: 4},
	}
	bytes := []byte("stoa")
	sql, sqlSize := text("SELECT ? + 1, upper(?)")
	check(C.stoa_query_row(conn, noLimit, sql, sqlSize, &params[0], 2,
		(*C.uint8_t)(&bytes[0]), C.int64_t(len(bytes)), &rows, &failure), &failure)

	values := unsafe.Slice(rows.values, rows.column_count)
	out := unsafe.Slice((*byte)(rows.bytes), rows.bytes_size)
	fmt.Println(values[0].a, string(out[values[1].a:values[1].a+values[1].b]))
	C.stoa_db_close(db)
}
