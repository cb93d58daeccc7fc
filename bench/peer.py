"""The work of `anabranch-bench`, done with DoltLite: prints the same figures as one JSON object.

    python3 peer.py products.csv FOLDER

Rows and values follow from the same numbers as in src/work.rs. Times are milliseconds.
"""

import csv
import json
import os
import statistics
import sys
import time

import doltlite  # noqa: F401  (makes sqlite3 speak DoltLite)
import sqlite3

TURNS, FEW, HISTORY, OLD_ROW, ROWS = 20, 3, 1_000, 500_000, 1_000_000

figures = {}


def scattered(number):
    return number * 24_989 % ROWS + 1


def timed(work):
    begun = time.perf_counter()
    result = work()
    return (time.perf_counter() - begun) * 1e3, result


def note(name, times):
    figures[name] = statistics.median(times)


def main(file, folder):
    path = os.path.join(folder, "doltlite.db")
    connection = sqlite3.connect(path, isolation_level=None)
    query = lambda text, *values: connection.execute(text, values).fetchall()
    size = lambda: os.path.getsize(path)

    def attempt(text, *values):
        try:
            query(text, *values)
        except sqlite3.OperationalError as error:
            if "conflict(s)" not in str(error):
                raise

    def import_rows():
        query("create table products (id integer primary key, name text, city text, price real, quantity integer)")
        query("begin")
        connection.executemany("insert into products values (?, ?, ?, ?, ?)", rows)
        query("commit")
        query("select dolt_commit('-A', '-m', 'Import')")

    with open(file, newline="", encoding="utf-8") as text:
        lines = csv.reader(text)
        next(lines)
        rows = [(int(row[0]), row[1], row[2], float(row[3]), int(row[4])) for row in lines]
    figures["import"], _ = timed(import_rows)
    del rows
    figures["stored"] = size()

    times = {"group_by": [], "filter": [], "sort": []}
    for _ in range(FEW):
        times["group_by"].append(timed(lambda: query("select city, sum(price), avg(price) from products group by city"))[0])
        times["filter"].append(timed(lambda: query("select count(*) from products where name like '%77%'"))[0])
        times["sort"].append(timed(lambda: query("select * from products order by price, id limit 100"))[0])
    for name, measured in times.items():
        note(name, measured)

    def commit(edits):
        """Changes cells and commits them; the time and the commit."""

        def work():
            query("begin")
            for column in {edit[1] for edit in edits}:
                values = [(value, key) for key, of, value in edits if of == column]
                connection.executemany(f"update products set {column} = ? where id = ?", values)
            query("commit")
            return query("select dolt_commit('-A', '-m', 'Change cells')")[0][0]

        return timed(work)

    def diff(old, new):
        found = timed(lambda: query("select * from dolt_diff_products where from_commit = ? and to_commit = ?", old, new))
        return found[0], len(found[1])

    head = query("select dolt_hashof('HEAD')")[0][0]
    commits, diffs, before = [], [], size()
    for turn in range(TURNS):
        taken, new = commit([(scattered(turn), "quantity", 100_000 + turn)])
        commits.append(taken)
        taken, count = diff(head, new)
        assert count == 1, count
        diffs.append(taken)
        head = new
    note("commit_one", commits)
    figures["commit_one_bytes"] = (size() - before) / TURNS
    note("diff_one", diffs)

    commits, diffs = [], []
    for turn in range(FEW):
        taken, new = commit([(number * 97 + 1, "quantity", 200_000 + turn) for number in range(10_000)])
        commits.append(taken)
        taken, count = diff(head, new)
        assert count == 10_000, count
        diffs.append(taken)
        head = new
    note("commit_10000", commits)
    note("diff_10000", diffs)

    note("branch", [timed(lambda: query("select dolt_branch(?)", f"branch-{turn}"))[0] for turn in range(TURNS)])

    def merge(name, ours, theirs, conflicts=False):
        times = []
        for turn in range(FEW):
            left, right = f"{name}-ours-{turn}", f"{name}-theirs-{turn}"
            for branch, edits in ((left, ours), (right, theirs)):
                query("select dolt_branch(?, 'main')", branch)
                query("select dolt_checkout(?)", branch)
                commit([(key, column, value * 10 + turn) for key, column, value in edits])
            query("select dolt_checkout(?)", left)
            # Conflicts can only be looked at inside of a transaction; that there are some is reported as an error.
            if conflicts:
                query("begin")
            times.append(timed(lambda: attempt("select dolt_merge(?)", right))[0])
            if conflicts:
                found = query("select sum(num_conflicts) from dolt_conflicts")[0][0]
                assert found == len(ours), (name, found)
                query("rollback")
            query("select dolt_checkout('main')")
        note(name, times)

    together = lambda number: 500_000 + number
    apart = lambda number: number * 331 + 1
    merge(
        "merge_2000_together",
        [(together(number), "price", 1) for number in range(2_000)],
        [(together(number), "quantity", 300_001) for number in range(1_000, 3_000)],
    )
    merge(
        "merge_2000_apart",
        [(apart(number), "price", 2) for number in range(2_000)],
        [(apart(number), "quantity", 300_002) for number in range(1_000, 3_000)],
    )
    merge(
        "merge_60000",
        [(number * 16 + 1, "price", 3) for number in range(60_000)],
        [(number * 16 + 9, "quantity", 300_003) for number in range(60_000)],
    )
    merge(
        "merge_60000_conflicts",
        [(number * 16 + 1, "price", 4) for number in range(60_000)],
        [(number * 16 + 1, "price", 5) for number in range(60_000)],
        conflicts=True,
    )

    query("select dolt_branch('history', 'main')")
    query("select dolt_checkout('history')")
    for turn in range(HISTORY):
        commit([(OLD_ROW if turn % 10 == 0 else scattered(turn), "quantity", 400_000 + turn)])
    histories, blames = [], []
    for _ in range(FEW):
        histories.append(timed(lambda: query("select * from dolt_diff_products where to_id = ?", OLD_ROW))[0])
        blames.append(timed(lambda: query("select * from dolt_blame_products where id = ?", OLD_ROW))[0])
    note("row_history", histories)
    note("blame", blames)
    connection.close()
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
