# Shared by the scripts of this folder: messages, what is done at the end, a Kafka, and installing what is missing where that is
# possible.
# shellcheck shell=bash

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# say WORDS: a line for the person who watches.
say() { printf '%s\n' "${0##*/}: $*" >&2; }

# die WORDS: the same, then exit with status 1.
die() { say "$*"; exit 1; }

have() { command -v "$1" >/dev/null 2>&1; }

# can_install: whether this is Debian (or a child of it) and we may install packages.
can_install() { [ "$(id -u)" = 0 ] && have apt-get; }

APT_UPDATED=

# install WHAT PACKAGE...: installs the first set of packages that can be had; each PACKAGE argument may name several
# packages separated by blanks. Dies with what to do where it can't.
install() {
  local what=$1
  shift
  can_install || die "$what is missing. Install it (Debian and Ubuntu: apt-get install $1) and run this again."
  if [ -z "$APT_UPDATED" ]; then
    say "installing $what"
    apt-get update -qq >/dev/null || die "apt-get update failed, so $what can't be installed"
    APT_UPDATED=yes
  fi
  local packages
  for packages in "$@"; do
    # shellcheck disable=SC2086 # several packages in one word
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $packages >/dev/null 2>&1 && return 0
  done
  die "$what can't be installed: apt-get install $1 failed"
}

# java_version: the major version of the java that would run, or 0.
java_version() {
  local version
  version=$("${JAVA_HOME:+$JAVA_HOME/bin/}java" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1)
  printf '%s' "${version:-0}"
}

# need_java: Java 17 or newer, as Apache Kafka 4 wants it.
need_java() {
  [ "$(java_version)" -ge 17 ] && return 0
  install 'Java 17 or newer' openjdk-17-jre-headless openjdk-21-jre-headless default-jre-headless
  [ "$(java_version)" -ge 17 ] || die "java is version $(java_version), Apache Kafka needs 17: put a newer one into PATH or JAVA_HOME"
}

# at_exit COMMAND...: runs it at the end, after what was to be run already.
AT_EXIT=:
at_exit() {
  AT_EXIT="$AT_EXIT; $*"
  # shellcheck disable=SC2064 # what is to be run is known now
  trap "$AT_EXIT" EXIT
}

# The broker of KAFKA_BROKERS, or one that runs already, or one of our own that is stopped at the end.
with_kafka() {
  if [ -n "${KAFKA_BROKERS:-}" ]; then return 0; fi
  if ! scripts/kafka status >/dev/null 2>&1; then
    at_exit env -u KAFKA_BROKERS scripts/kafka stop
    scripts/kafka start
  fi
  KAFKA_BROKERS=$(scripts/kafka status)
  export KAFKA_BROKERS
}
