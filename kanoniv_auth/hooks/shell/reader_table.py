"""The programs that only look, or only speak: `names | what their operands are | options`. Pure.

The options as `options.py` reads them. Left out are those that write a file, start a program, or mean a value to one
system and none to another; where that cannot be told apart, the value counts as a path that is read.
"""

from __future__ import annotations

from kanoniv_auth.hooks.shell.options import table

ROWS = table("""
cat | paths | A b e E n s t T u v number number-nonblank show-all show-ends squeeze-blank show-tabs
tac | paths | b r s: before regex separator:
nl | paths | p b: d: f: h: i: l: n: s: v: w:
head | paths | # c: n: q v z bytes: lines: quiet silent verbose
tail | paths | # c: n: q v z f F s: bytes: lines: follow? quiet silent verbose retry pid: sleep-interval: r
wc | paths | c m l L w bytes chars lines max-line-length words
cut | paths | b: c: d: f: n s z complement bytes: characters: delimiter: fields: only-delimited output-delimiter:
paste | paths | d: s z delimiters: serial
rev cksum more zcat bzcat xzcat tsort | paths |
fold | paths | b s w: width: spaces bytes
fmt | paths | c s u w: width:
expand | paths | i t: tabs: initial
unexpand | paths | a t: tabs: all first-only
column | paths | t s: o: c: x n N: R: J e table separator: output-separator:
comm | paths | 1 2 3 i z check-order nocheck-order output-delimiter: total
join | paths | i 1: 2: a: e: j: o: t: v: z header check-order nocheck-order
sort | paths | b d f g h i M n r R V c C m s u z k: t: S: reverse numeric-sort unique key: field-separator: stable
    human-numeric-sort version-sort general-numeric-sort ignore-case zero-terminated check? merge dictionary-order
    ignore-leading-blanks sort: parallel: month-sort random-sort
od | paths | a b c d f i l o s v x h A: j: N: S: t: w? address-radix: format: read-bytes: skip-bytes:
hexdump | paths | b c C d o x v n: s: e:
strings | paths | a n: t: e: f o # bytes: radix: all
md5sum sha1sum sha256sum sha512sum sha224sum sha384sum b2sum | paths | b t c check tag quiet status strict
    ignore-missing w warn binary text
shasum | paths | a: b c t
md5 | paths | q r
base64 | paths | d D i< w: decode ignore-garbage wrap:
base32 | paths | d i< w: decode wrap:
file | paths | b i k L h N r z mime mime-type mime-encoding brief dereference
stat | paths | L f t c: x s n r format: printf: terse dereference file-system
ls dir vdir | paths | a A b B c C d f F g G h H i k l L m n N o p q Q r R s S t u U v x X Z 1 all almost-all author
    escape color? directory full-time group-directories-first human-readable inode recursive reverse size sort:
    time: time-style: no-group numeric-uid-gid I< hide: ignore: width: hyperlink? indicator-style: classify? si
eza | paths | 1 l a T L: h r R s: F d g i color: tree level: long all header git icons? sort: reverse
exa | paths | 1 l a T L: h r R s: F d g i color: tree level: long all header git sort: reverse
du | paths | # a b c d: D h H k L l m P s S x 0 all bytes total max-depth: human-readable summarize apparent-size
    exclude: threshold: t: B: block-size: si time? separate-dirs one-file-system
df | paths | a h H i k l m P T t: x: B: all human-readable inodes type: print-type total output? si local
tree | paths | a d f i l x D F p s h u g C n A S r t c U J X # L: I: P: dirsfirst noreport prune du si gitignore
    filelimit:
realpath | paths | e m L P q s z canonicalize-existing canonicalize-missing relative-to:
readlink | paths | f e m n q s v z canonicalize canonicalize-existing canonicalize-missing no-newline
cmp | paths | b i: l n: s print-bytes quiet silent verbose bytes:
diff colordiff | below | a b B c d e E i n N p q r s t T u w y # C: U: I: F: L: W: x: X< brief unified? context?
    side-by-side recursive new-file report-identical-files text ignore-all-space ignore-space-change
    ignore-blank-lines ignore-case ignore-trailing-space color? label: exclude: exclude-from< ed rcs minimal
    speed-large-files suppress-common-lines left-column width: strip-trailing-cr show-c-function normal
    no-dereference
bat | paths | p n A l: r: H: plain number language: line-range: style: color: paging: decorations:
less | paths | N S R F X r i I n
tokei | paths | f s: t: e: sort: files exclude: type:
cloc | paths | quiet by-file
grep egrep fgrep | first | a b c E F G H h I i L l n o P q r R s T U v w x Z z # e: m: A: B: C: f< color? colour?
    include: exclude: exclude-dir: exclude-from< after-context: before-context: context: max-count: regexp: file<
    count extended-regexp fixed-strings perl-regexp ignore-case no-ignore-case invert-match line-number
    with-filename no-filename files-with-matches files-without-match only-matching quiet silent no-messages
    recursive dereference-recursive word-regexp line-regexp null text binary-files: label: line-buffered byte-offset
    y basic-regexp initial-tab d: directories: D: devices:
rg | first | a c F i l L n N o p P q s S u U v w x . 0 H I # A: B: C: e: f< g: m: r: t: T: j: M: E: d: count
    count-matches files files-with-matches files-without-match fixed-strings glob: iglob: hidden ignore-case
    smart-case case-sensitive invert-match json line-number no-line-number max-count: max-columns: max-depth:
    multiline multiline-dotall no-heading heading no-ignore no-ignore-vcs no-messages only-matching passthru pcre2
    pretty quiet replace: sort: sortr: stats text trim type: type-not: type-list unrestricted vimgrep with-filename
    no-filename word-regexp line-regexp after-context: before-context: context: regexp: file< color: colors: column
    no-column follow threads: no-config null line-buffered context-separator: max-filesize: crlf
ag | first | i l L c w s S v Q n o g: G: A: B: C: hidden ignore: depth: nocolor nogroup
fd fdfind | first | H I u s i g F a l L p 0 1 q e: E: t: d: S: hidden no-ignore no-ignore-vcs unrestricted
    case-sensitive ignore-case glob fixed-strings absolute-path list-details follow full-path print0 extension:
    exclude: type: max-depth: min-depth: exact-depth: size: changed-within: changed-before: color: max-results:
    quiet regex
jq | first | c r j a S e n s C M R raw-output raw-input compact-output null-input slurp sort-keys exit-status tab
    indent: color-output monochrome-output join-output ascii-output stream seq
look | first | d f t: b
tr | data | c C d s t complement delete squeeze-repeats truncate-set1
seq | data | # f: s: w format: separator: equal-width
basename | data | a s: z multiple suffix: zero
dirname | data | z zero
which | data | a all
whereis | data | b m s u
type | data | a f P p t
expr yes sleep groups tput true false vmstat | data |
hash | none | r
wait | seen |
exit return break continue shift | number |
date | date | # u R I? d: j v: r< utc date: iso-8601? rfc-3339: universal reference< rfc-email
cal ncal | data | # m: y j w
uname | none | a s n r v m p i o all machine kernel-name kernel-release
hostname | none | s f i I d A fqdn short
whoami logname arch times clear [[ | none |
id | data | a g G n r u z Z user group groups name real
tty | none | s
uptime | none | p s pretty since
free | none | b k m g h w t l s: c: human mega giga wide total
nproc | none | all
lscpu | none | e p J
pwd | none | L P logical physical
locale | data | a m
getconf | data | a
jobs | none | l p
lsblk | none | f l o: J
pgrep | data | l x u: n o c
w | none | h s
who | none | a b
netstat | none | a n t u l p r s
ss | none | a n t u l p H 4 6
nvidia-smi | none | L
shellcheck | paths | f: s: e: S: x format: shell: exclude: severity:
numfmt | data | to: from: suffix: padding:
ps | ps |
uniq | uniq | # c d D i u z f: s: w: count repeated unique ignore-case zero-terminated skip-fields: skip-chars:
    all-repeated?
xxd | uniq | a b c: e E g: i l: o: p r s: u plain revert
""")
