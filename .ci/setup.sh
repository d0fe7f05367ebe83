# setup: installs what is missing and builds; sourced by quickstart and test, in the top folder.
# Changes nothing outside the checkout, apt packages and the user's cache folder.

say() { printf '%s\n' "-- $*" >&2; }
die() { printf '%s\n' "$0: $*" >&2; exit 70; }

missing_packages() {
  local name
  grep -v '^#' packages.txt | while read -r name; do
    # npm and nodejs may also be there without being packages.
    case "$name" in nodejs) command -v node >/dev/null && continue ;; npm) command -v npm >/dev/null && continue ;; esac
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'install ok installed' || echo "$name"
  done
}

install_packages() {
  local missing apt=(apt-get)
  mapfile -t missing < <(missing_packages)
  [ "${#missing[@]}" -eq 0 ] && return
  [ "$(id -u)" -eq 0 ] || { command -v sudo >/dev/null || die "as root, install: ${missing[*]}"; apt=(sudo apt-get); }
  say "installing: ${missing[*]}"
  "${apt[@]}" update -qq >&2 || die "apt-get update failed"
  DEBIAN_FRONTEND=noninteractive "${apt[@]}" install -y -qq --no-install-recommends "${missing[@]}" >&2 ||
    die "apt-get could not install: ${missing[*]}"
}

build() {
  say "building (build/)"
  cmake --preset release >build.log 2>&1 || { tail -40 build.log >&2; die "cmake failed (build.log)"; }
  cmake --build --preset release "$@" >>build.log 2>&1 || { tail -60 build.log >&2; die "the build failed (build.log)"; }
}
