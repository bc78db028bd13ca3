"""git's commands: those that only look, and those that change this repository: `names | options`. Pure.

The options as `options.py` reads them; `@log` stands for those of another row. Left out are those that write a file,
start a program or reach out to an address.
"""

from __future__ import annotations

from kanoniv_auth.hooks.shell.options import table

READS = table("""
diff diff-index | # p u s z a b w R U: S: G: M? C? D l: W O< patch no-patch stat? numstat shortstat
    dirstat? summary name-only name-status raw color? no-color word-diff? word-diff-regex: color-words? minimal
    patience histogram diff-algorithm: unified? ignore-all-space ignore-space-change ignore-blank-lines
    ignore-space-at-eol ignore-cr-at-eol function-context text no-renames find-renames? find-copies? check
    full-index abbrev? binary diff-filter: exit-code quiet no-ext-diff no-textconv src-prefix: dst-prefix: no-prefix
    relative? no-relative cached staged merge-base pickaxe-all pickaxe-regex inter-hunk-context: submodule?
    ignore-submodules? no-index compact-summary output-indicator-new: output-indicator-old: cc c m t patch-with-stat
    no-color-moved color-moved? indent-heuristic skip-to: rotate-to: find-object: ws-error-highlight:
    ita-invisible-in-index
log show rev-list reflog | @diff n: i E F P g L: oneline graph decorate? no-decorate all branches? tags?
    remotes? glob: exclude: max-count: skip: since: after: until: before: author: committer: grep: all-match
    invert-grep regexp-ignore-case extended-regexp fixed-strings perl-regexp merges no-merges first-parent reverse
    topo-order date-order author-date-order pretty? format: date: abbrev-commit no-abbrev-commit follow full-diff
    simplify-by-decoration ancestry-path? left-right left-only right-only cherry-pick cherry-mark cherry boundary
    not no-walk? show-signature no-notes notes? source log-size no-mailmap use-mailmap mailmap relative-date parents
    children timestamp walk-reflogs show-pulls simplify-merges full-history dense sparse min-parents: max-parents:
    no-patch remove-empty reflog encoding: expand-tabs? no-expand-tabs line-prefix: count objects no-object-names
    disk-usage? header
status | s b z v u? porcelain? short branch long untracked-files? ignored? no-renames renames find-renames? column?
    no-column ahead-behind no-ahead-behind show-stash verbose ignore-submodules?
shortlog | @log s e n numbered summary email group:
diff-tree | @log r root no-commit-id stdin always
diff-files | @diff q
range-diff | @log creation-factor: no-dual-color
rev-parse | q verify quiet short? abbrev-ref? show-toplevel git-dir git-common-dir absolute-git-dir
    is-bare-repository is-inside-work-tree is-inside-git-dir show-prefix show-cdup symbolic symbolic-full-name all
    branches? tags? git-path: is-shallow-repository show-superproject-working-tree show-object-format?
    show-ref-format path-format: default: not local-env-vars
blame | # b c l t s e p w f n C? M? L: root since: porcelain line-porcelain incremental show-name show-number
    show-email abbrev: date: no-progress minimal reverse: first-parent show-stats score-debug
annotate | # l t s e p w L:
ls-files | c d m o i s u k z t v f x: X< cached deleted modified others ignored stage unmerged killed
    exclude-standard exclude: error-unmatch full-name abbrev? directory no-empty-directory eol recurse-submodules
    deduplicate format: resolve-undo
ls-tree | r d t l z long name-only name-status full-name full-tree abbrev? object-only format:
cat-file | t s p e allow-unknown-type batch-check
show-ref | d s q head heads tags branches verify hash? abbrev? dereference quiet exists
for-each-ref | count: sort: format: points-at: merged: no-merged: contains: no-contains: ignore-case color? exclude:
    stdin include-root-refs omit-empty
describe | all tags contains abbrev: exact-match always dirty? broken? long match: exclude: first-parent candidates:
    debug
merge-base | a all octopus is-ancestor independent fork-point
name-rev | tags refs: all name-only always
grep | # n i w v h H l L c p W E G P F q z o e: f< A: B: C: line-number ignore-case word-regexp invert-match
    files-with-matches files-without-match name-only count show-function function-context extended-regexp
    basic-regexp perl-regexp fixed-strings quiet null only-matching and or not all-match after-context:
    before-context: context: cached untracked no-index no-exclude-standard exclude-standard max-depth: color?
    no-color heading break column text full-name recursive no-recursive recurse-submodules threads: max-count:
count-objects | v H verbose human-readable
check-ignore | q v n z quiet verbose non-matching no-index
check-attr | a z all cached
var |
version | build-options
remote | v verbose n all push
verify-commit verify-tag | v raw
cherry | v abbrev?
fsck | full no-progress unreachable
show-branch | a r all remotes current list topo-order
stripspace | s c
check-ref-format | branch normalize allow-onelevel
merge-tree | write-tree name-only z messages
""")
CHANGES = table("""
add | n v f i p e u A N all update force intent-to-add dry-run verbose patch refresh ignore-errors chmod:
    renormalize no-all ignore-removal sparse no-ignore-removal
commit | # m: a p s S? n q v u? e i o z F< t< C: c: amend no-edit message: all signoff no-verify quiet verbose
    allow-empty allow-empty-message author: date: fixup: squash: file< reuse-message: reset-author dry-run short
    branch porcelain no-gpg-sign gpg-sign? trailer: no-signoff status no-status cleanup: only include patch
    no-post-rewrite long null
merge pull | n s: X: m: S? q v e ff no-ff ff-only squash no-squash commit no-commit abort continue quit strategy:
    strategy-option: message: no-edit edit stat no-stat log? no-log signoff allow-unrelated-histories autostash
    no-autostash verify no-verify no-gpg-sign gpg-sign? quiet verbose verify-signatures no-verify-signatures rebase?
    r? no-rebase all prune tags no-tags depth: progress
rm | r f n q cached force dry-run quiet ignore-unmatch sparse
mv | f k n v force dry-run verbose
reset | q p N soft mixed hard merge keep quiet patch no-refresh refresh intent-to-add
restore | s: S W p q source: staged worktree patch quiet ours theirs merge conflict: ignore-unmerged overlay
    no-overlay
checkout | q f b: B: l t? d p m ours theirs force detach track? no-track orphan: merge conflict: patch quiet
    progress no-progress guess no-guess overlay no-overlay recurse-submodules? ignore-other-worktrees
switch | c: C: d f m q t? create: force-create: detach force merge quiet track? no-track orphan: discard-changes
    guess no-guess progress no-progress ignore-other-worktrees conflict:
rebase | i! f q v x! s: X: C: S? onto: interactive! continue skip abort quit edit-todo! show-current-patch no-verify
    force-rebase quiet verbose strategy: strategy-option: autosquash no-autosquash autostash no-autostash stat
    no-stat root keep-base rebase-merges? empty: no-ff signoff exec! no-fork-point fork-point apply merge
    update-refs
cherry-pick | e! n x s m: S? X: no-commit mainline: signoff ff continue skip abort quit allow-empty strategy:
    strategy-option: keep-redundant-commits empty: no-edit edit!
revert | e! n s m: S? X: no-commit no-edit mainline: signoff continue skip abort quit strategy: strategy-option:
    reference edit!
stash | k u a p q m: S keep-index no-keep-index include-untracked all patch quiet message: index staged stat
    only-untracked pathspec-from-file<
branch | a r v l q d D m M c C f t? u: i all remotes verbose list quiet delete move copy force track? no-track
    set-upstream-to: unset-upstream show-current contains? no-contains? merged? no-merged? sort: points-at: format:
    color? no-color abbrev? no-abbrev column? no-column create-reflog ignore-case edit-description!
tag | a s f d l n? m: F< u: i v list annotate sign force delete message: file< sort: contains? no-contains? merged?
    no-merged? points-at: format: column? no-column cleanup: local-user: ignore-case color?
clean | d f n q x X e: force dry-run quiet exclude:
worktree | f b: B: d v q force detach checkout no-checkout porcelain lock reason: track no-track guess-remote orphan
    expire: verbose quiet z dry-run
notes | f m: F< message: file< force ref:
init | q b: bare quiet initial-branch: shared? object-format:
gc | q auto aggressive prune? no-prune quiet
update-index | q really-refresh refresh chmod: assume-unchanged no-assume-unchanged skip-worktree no-skip-worktree
rerere |
symbolic-ref | q short quiet
""")
