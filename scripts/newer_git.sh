#!/bin/sh
# Unpack Debian's newest git (2.54 or later, which runs hooks of its configuration) into a folder of its own, beside the
# system's, for the tests that need it: sh scripts/newer_git.sh FOLDER. Nothing is installed, and no root is needed.
set -eu
[ $# -eq 1 ] || { echo "usage: $0 FOLDER" >&2; exit 2; }
if [ -x "$1/bin/git" ]; then exit 0; fi
rm -rf "$1.new" # of one that was stopped
mkdir -p "$1.new/state" "$1.new/lists/partial" "$1.new/cache" "$1.new/root" "$1.new/bin"
new=$(cd "$1.new" && pwd)
final=${new%.new}

# apt, with lists and a state of its own; what it fetches is signed, and checked against Debian's keys
# shellcheck disable=SC2016 # apt fills it in
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 '/debian/$')
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" >"$new/sources.list"
: >"$new/state/status"
cat >"$new/apt.conf" <<EOF
Dir::Etc::sourcelist "$new/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "$new/state";
Dir::State::lists "$new/lists";
Dir::State::status "$new/state/status";
Dir::Cache "$new/cache";
Acquire::Languages "none";
APT::Sandbox::User "";
EOF
apt() { APT_CONFIG="$new/apt.conf" timeout 120 apt-get -qq "$@"; }
apt update
(cd "$new/cache" && apt download git libc6 libpcre2-8-0 zlib1g)
for package in "$new"/cache/*.deb; do dpkg-deb -x "$package" "$new/root"; done

# it runs with the C library it was built for: each program is started through that one's loader
libraries=$(dirname "$(find "$new/root" -name 'libc.so.6' -print -quit)")
loader=$(find "$libraries" -name 'ld-linux*.so.*' -print -quit)
core=root/usr/lib/git-core
mv "$new/$core" "$new/$core.debian"
mkdir "$new/$core"
for program in "$new/$core.debian"/*; do
    name=${program##*/}
    case $name in
        git | git-*) ;;
        *) ln -s "../git-core.debian/$name" "$new/$core/$name" && continue ;;
    esac
    if [ "$(head -c 2 "$program")" = '#!' ]; then
        ln -s "../git-core.debian/$name" "$new/$core/$name"
        continue
    fi
    real=$(readlink -f "$program")
    {
        echo '#!/bin/sh'
        echo "export GIT_EXEC_PATH=\"\${GIT_EXEC_PATH:-$final/$core}\""
        echo "export GIT_TEMPLATE_DIR='$final/root/usr/share/git-core/templates'"
        echo "exec '$final${loader#"$new"}' --library-path '$final${libraries#"$new"}' --argv0 '$name' '$final${real#"$new"}' \"\$@\""
    } >"$new/$core/$name"
    chmod 755 "$new/$core/$name"
done
for name in git git-receive-pack git-upload-pack; do ln -s "../$core/$name" "$new/bin/$name"; done
rm -rf "$new/cache" "$new/lists" "$new/state"
mv "$new" "$final"
"$final/bin/git" version
