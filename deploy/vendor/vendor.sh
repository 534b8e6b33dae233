#!/bin/sh
# Builds tipline/static/tipline.css and copies GOV.UK Frontend's script and altcha's worker into tipline/static/vendor/.
# Needs node and npm; works in a temporary folder and leaves nothing else behind.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
static="$here/../../tipline/static"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
cp "$here/package.json" "$work/"
(cd "$work" && npm install --no-audit --no-fund --no-package-lock --ignore-scripts --loglevel=error)
package="$work/node_modules/govuk-frontend"
"$work/node_modules/.bin/sass" --no-source-map --style=compressed --load-path="$work/node_modules" \
  "$here/tipline.scss" "$work/tipline.css"
node "$here/logical.mjs" "$work/tipline.css" >"$static/tipline.css"
mkdir -p "$static/vendor"
# The source map is not shipped, so the script must not name it.
sed 's|//# sourceMappingURL=.*$||' "$package/dist/govuk/govuk-frontend.min.js" >"$static/vendor/govuk-frontend.min.js"
cp "$here/LICENCE-govuk-frontend.txt" "$static/vendor/LICENCE-govuk-frontend.txt"
# Of altcha only the worker that solves: its page element brings pictures, links and words of its own.
cp "$work/node_modules/altcha/dist/workers/pbkdf2.js" "$static/vendor/altcha-pbkdf2.js"
{
  printf 'altcha-pbkdf2.js comes from altcha %s.\n\n' "$(node -p "require('$work/node_modules/altcha/package.json').version")"
  cat "$work/node_modules/altcha/LICENSE.txt"
} >"$static/vendor/LICENCE-altcha.txt"
echo "built $(wc -c <"$static/tipline.css") bytes of CSS from govuk-frontend $(node -p "require('$package/package.json').version")"
