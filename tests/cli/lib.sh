# shellcheck shell=bash
# For tests of the command line: TAP from shell commands. To be sourced from the project's top directory.
# MAILTALLY names the program (default: the one with the sanitisers, for its leaks and overruns).
# SPDX-License-Identifier: GPL-2.0-or-later

: "${MAILTALLY:=$PWD/build/san/mailtally}"
[ -x "$MAILTALLY" ] || { echo "Bail out! $MAILTALLY is not there: make test-programs"; exit 1; }
tap_n=0
tap_failed=0
scratch=$(mktemp -d "${TMPDIR:-/tmp}/mailtally-test.XXXXXX") || exit 1
trap 'rm -rf -- "$scratch"' EXIT
trap 'exit 1' INT TERM
export TZ=UTC
unset NO_COLOR
cd "$scratch" || exit 1

ok() { tap_n=$((tap_n + 1)); printf 'ok %d - %s\n' "$tap_n" "$1"; }
skip() { tap_n=$((tap_n + 1)); printf 'ok %d - %s # SKIP %s\n' "$tap_n" "$1" "$2"; }

# not_ok SENTENCE [WHAT WAS SEEN]
not_ok() {
    tap_n=$((tap_n + 1))
    tap_failed=$((tap_failed + 1))
    printf 'not ok %d - %s\n' "$tap_n" "$1"
    printf '%s\n' "${2:-}" | sed 's/^/# /'
}

# is SENTENCE WANTED GOT
is() {
    if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "wanted: $2
got:    $3"; fi
}

# run COMMAND...: sets $status; what it printed is in files out and err. Standard input is /dev/null but where redirected.
run() {
    status=0
    timeout 60 "$@" >out 2>err || status=$?
}

# exits SENTENCE STATUS [WORDS THAT STANDARD ERROR HAS]
exits() {
    if [ "$status" != "$2" ]; then
        not_ok "$1" "status $status, not $2; standard error: $(head -c 2000 err)"
    elif [ -n "${3:-}" ] && ! grep -qF -e "$3" err; then
        not_ok "$1" "standard error does not say \"$3\": $(head -c 2000 err)"
    elif grep -q 'Sanitizer\|runtime error' err; then
        not_ok "$1" "$(head -c 4000 err)"
    else
        ok "$1"
    fi
}

# counter NAME: its value in out, which is of `count -F tsv`
counter() { awk -F '\t' -v name="$1" '$1 == name { print $2 }' out; }

finish() {
    printf '1..%d\n' "$tap_n"
    [ "$tap_failed" = 0 ]
    exit
}
