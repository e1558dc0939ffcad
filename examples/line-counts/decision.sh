# The decision task: looks at $SOURCE, packs what the others need, writes graph.yml and submits it to its own group.
# It runs in an empty directory of its own; a plain shell and this repository is all it needs.

# Every folder with a Cargo.toml and Rust sources is a crate.
crates=$(cd "$SOURCE" && for toml in */Cargo.toml; do
    [ -d "${toml%/*}/src" ] && echo "${toml%/*}"
done)
echo "crates:" $crates

# One archive of all sources; it becomes an artifact, which the other tasks mount.
(cd "$SOURCE" && find $crates examples/line-counts/tally -name '*.rs' -print) >files
tar -czf source.tar.gz -C "$SOURCE" -T files
echo "packed $(wc -l <files) files"

# What these sources are called: all jobs of one revision are one push, which `drover push line-counts REVISION` shows.
# The tree belongs to another user than the one that tasks run as, which git must be allowed to read.
revision=$(git -c safe.directory='*' -C "$SOURCE" rev-parse --verify HEAD 2>/dev/null) || revision=$(cd "$SOURCE" && xargs cat | sha1sum | cut -c1-40) <files
echo "push: line-counts $revision"

cat >graph.yml <<YAML
defaults:
  dependencies: [$TASK_ID]
  routes: [tc-treeherder.v2.line-counts.$revision]
  extra: { treeherder: { jobKind: build, machine: { platform: local } } }
  scopes: ["queue:get-artifact:public/*"]
  payload:
    maxRunTime: 120
    mounts:
      - directory: source
        format: tar.gz
        content: { taskId: $TASK_ID, artifact: public/source.tar.gz }
tasks:
YAML

# Two libraries without dependencies, each built and tested by a task of its own.
for library in lines table; do
    cat >>graph.yml <<YAML
  build-$library:
    metadata: { description: Compiles the library $library. }
    extra: { treeherder: { symbol: $library, groupSymbol: B, groupName: Libraries } }
    payload:
      command:
        - [rustc, --edition=2024, -O, --crate-type=rlib, source/examples/line-counts/tally/$library.rs]
      artifacts:
        - { type: file, path: lib$library.rlib, name: public/lib$library.rlib }
  test-$library:
    metadata: { description: Compiles and runs the unit tests of $library. }
    extra: { treeherder: { symbol: $library, groupSymbol: T, groupName: Unit tests, jobKind: test } }
    payload:
      command:
        - [rustc, --edition=2024, --test, -o, tests, source/examples/line-counts/tally/$library.rs]
        - [./tests]
YAML
done

# The program is linked from their artifacts, once all tests have passed.
cat >>graph.yml <<YAML
  link:
    metadata: { description: Links the program from the libraries. }
    extra: { treeherder: { symbol: L } }
    dependencies: [$TASK_ID, test-lines, test-table]
    payload:
      mounts:
        - directory: source
          format: tar.gz
          content: { taskId: $TASK_ID, artifact: public/source.tar.gz }
        - { file: liblines.rlib, content: { taskId: { \$taskId: build-lines }, artifact: public/liblines.rlib } }
        - { file: libtable.rlib, content: { taskId: { \$taskId: build-table }, artifact: public/libtable.rlib } }
      command:
        - [rustc, --edition=2024, -O, -L, ., --extern, lines, --extern, table, source/examples/line-counts/tally/tally.rs]
      artifacts:
        - { type: file, path: tally, name: public/tally }
YAML

# The program then measures each crate of this repository, all of them side by side.
for crate in $crates; do
    cat >>graph.yml <<YAML
  measure-$crate:
    metadata: { description: Counts the lines of $crate. }
    extra: { treeherder: { symbol: $crate, groupSymbol: M, groupName: Measurements, jobKind: other } }
    payload:
      mounts:
        - directory: source
          format: tar.gz
          content: { taskId: $TASK_ID, artifact: public/source.tar.gz }
        - { file: tally, content: { taskId: { \$taskId: link }, artifact: public/tally } }
      command:
        - [chmod, +x, tally]
        - [./tally, measure, $crate, source/$crate, $crate.csv]
      artifacts:
        - { type: file, path: $crate.csv, name: public/$crate.csv }
YAML
done

# The last task puts all measurements together.
cat >>graph.yml <<YAML
  report:
    metadata: { description: Puts the measurements of all crates into one table. }
    extra: { treeherder: { symbol: R, jobKind: other } }
    payload:
      mounts:
        - { file: tally, content: { taskId: { \$taskId: link }, artifact: public/tally } }
$(for crate in $crates; do
    echo "        - { file: $crate.csv, content: { taskId: { \$taskId: measure-$crate }, artifact: public/$crate.csv } }"
done)
      command:
        - [chmod, +x, tally]
        - [./tally, report, report.md, $(for crate in $crates; do printf '%s.csv, ' "$crate"; done)]
      artifacts:
        - { type: file, path: report.md, name: public/report.md }
YAML

# All of it at once or nothing; a second run of this task finds what the first one submitted.
"$DROVER" run graph.yml --no-wait --task-group-id "$TASK_GROUP_ID" --submit-key "$TASK_ID"
