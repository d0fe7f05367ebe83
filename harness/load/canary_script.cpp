// canary_script: the script itself, the argv that carries it, and the parsing of its answers.
#include "harness/load/canary_script.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

namespace ernstfall {
namespace {

constexpr std::size_t kMaxAnswerBytes = 1U << 20U;

// Only what Debian's perl-base (Essential) has: no Time::HiRes, no Digest.
constexpr std::string_view kCanaryScript = R"perl(use strict; use warnings; use Fcntl; use POSIX ();
my ($mode, $path, $run, $mounts, @rest) = @ARGV;
my ($BLOCK, $SECTOR, $MAX_RUNS) = (4096, 512, 400);
my $dir = "$path/.ernstfall-canary-$run";
$0 = "ernstfall-canary $mode $run";
$| = 1;
$SIG{PIPE} = 'DEFAULT';
$ENV{PATH} = '/usr/sbin:/usr/bin:/sbin:/bin';
$ENV{LC_ALL} = 'C';

sub refuse { print "refused @_\n"; exit 3 }
sub nowhere { print "nowhere\n"; exit 4 }

# The topmost mount at exactly this path must be DRBD's, and the path must lead there.
sub volume {
  my ($may_write) = @_;
  open(my $in, '<', $mounts) or refuse("$mounts: $!");
  my ($number, $options, $type, $source);
  while (my $line = <$in>) {
    my ($left, $right) = split / - /, $line, 2;
    my @l = split / /, $left;
    my @r = split / /, $right // '';
    (my $where = $l[4] // '') =~ s/\\([0-7]{3})/chr oct $1/ge;
    ($number, $options, $type, $source) = ($l[2], "$l[5]," . ($r[2] // ''), @r[0, 1]) if $where eq $path;
  }
  chomp $options if defined $options;
  nowhere() unless defined $source;
  refuse("$path is mounted from $source, which is no DRBD device") unless $source =~ m{^/dev/drbd};
  refuse("$path is mounted read-only") if $may_write and grep { $_ eq 'ro' } split /,/, $options;
  my @st = lstat $path or refuse("$path: $!");
  my $major = (($st[0] >> 8) & 0xfff) | (($st[0] >> 32) & ~0xfff);
  my $minor = ($st[0] & 0xff) | (($st[0] >> 12) & 0xffffff00);
  refuse("$path does not lead to $source: something else is mounted above") if "$major:$minor" ne $number;
  return ($source, $type, $st[0]);
}

sub free_bytes {
  open(my $in, '-|', 'df', '-B1', '--output=avail', '--', $path) or refuse("df: $!");
  my ($free) = grep { /^\s*\d+\s*$/ } <$in>;
  refuse("df says nothing about $path") unless defined $free;
  return $free + 0;
}

sub block {
  my ($seq) = @_;
  my $block = '';
  for my $sector (1 .. $BLOCK / $SECTOR) {
    my $line = "ernstfall-canary $run $seq $sector/8\n";
    $block .= substr($line x (1 + $SECTOR / length $line), 0, $SECTOR);
  }
  return $block;
}

# Ours, and on the volume: by device, owner and what it says of itself.
sub own_folder {
  my ($device) = @_;
  my @st = lstat $dir or return 0;
  refuse("$dir is not ours") unless ($st[2] & 0170000) == 0040000 and $st[0] == $device and $st[4] == $>;
  return 1 unless -e "$dir/owner";
  open(my $in, '<', "$dir/owner") or refuse("$dir/owner: $!");
  my $line = <$in> // '';
  refuse("$dir belongs to somebody else") if $line ne '' and $line ne "ernstfall block canary of run $run\n";
  return 1;
}

my %CLOCK_GETTIME = (x86_64 => 228, aarch64 => 113, riscv64 => 113, loongarch64 => 113, ppc64le => 246, s390x => 260);
my $call = length(pack 'j', 0) == 8 ? $CLOCK_GETTIME{(POSIX::uname())[4]} : undef;
# In us; clock 0 is the wall clock, 1 the monotonic one. Elsewhere as exact as it gets without modules.
sub now_us {
  my ($clock) = @_;
  my $time = pack 'qq', 0, 0;
  if (defined $call and syscall($call, $clock, $time) == 0) {
    my ($s, $ns) = unpack 'qq', $time;
    return $s * 1000000 + int($ns / 1000);
  }
  return time() * 1000000 if $clock == 0;
  open(my $in, '<', '/proc/uptime') or return 0;
  return int((split / /, <$in>)[0] * 1000000);
}

# Written and flushed, so that a block later changes bytes and nothing of the file system.
sub make_file {
  my ($file, $bytes) = @_;
  sysopen(my $out, $file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_DSYNC, 0600) or refuse("$file: $!");
  my $zeros = "\0" x (1 << 20);
  while ($bytes > 0) {
    my $put = syswrite($out, $zeros, $bytes < length $zeros ? $bytes : length $zeros);
    if (!$put) { my $why = $!; unlink $file; refuse("$file: $why") }
    $bytes -= $put;
  }
  close($out) or refuse("$file: $!");
  system('sync', $file, $dir) == 0 or refuse("$file cannot be flushed");
}

sub write_blocks {
  my ($number, $first, $blocks, $period, $lifetime) = @_;
  alarm $lifetime;
  my ($source, undef, $device) = volume(1);
  my $free = free_bytes();
  refuse("only $free bytes are free; twice ", $blocks * $BLOCK, " are needed") if $free < 2 * $blocks * $BLOCK;
  if (mkdir $dir, 0700) {
    # Unmounted this very moment: what was made is below the volume, and taken back.
    my @st = lstat $dir;
    if (@st and $st[0] != $device) { rmdir $dir; nowhere() }
  } elsif ($! != POSIX::EEXIST()) { refuse("$dir: $!") }
  own_folder($device) or refuse("$dir: $!");
  unless (-s "$dir/owner") {
    sysopen(my $out, "$dir/owner", O_WRONLY | O_CREAT | O_NOFOLLOW, 0600) or refuse("$dir/owner: $!");
    print $out "ernstfall block canary of run $run\n";
    close($out) or refuse("$dir/owner: $!");
  }
  my $file = "$dir/blocks-$number";
  make_file($file, $blocks * $BLOCK);
  my @made = lstat $file or refuse("$file: $!");
  print "begin $source\n" or exit 1;
  my $next = now_us(1);
  for my $seq ($first .. $first + $blocks - 1) {
    # Opened anew for each block: whoever unmounts the volume does not wait for us.
    sysopen(my $out, $file, O_WRONLY | O_NOFOLLOW | O_DSYNC) or do { print "failed $seq open: $!\n"; exit 5 };
    my @st = stat $out;
    if ($st[0] != $made[0] or $st[1] != $made[1]) { print "failed $seq another file is there\n"; exit 5 }
    sysseek($out, ($seq - $first) * $BLOCK, 0);
    my $block = block($seq);
    my $issued = now_us(0);
    my $from = now_us(1);
    my $put = syswrite($out, $block);
    my $took = now_us(1) - $from;
    if (!defined $put or $put != $BLOCK) { print "failed $seq write: ", defined $put ? "cut" : $!, "\n"; exit 5 }
    close $out;
    print "ack $seq $issued $took\n" or exit 1;
    $next += $period;
    my $wait = $next - now_us(1);
    if ($wait > 0) { select(undef, undef, undef, $wait / 1000000) } else { $next -= $wait }
  }
  print "full\n";
}

sub state_of {
  my ($data, $seq) = @_;
  return 'gone' if length $data != $BLOCK;
  return 'empty' if $data eq "\0" x $BLOCK;
  my $right = block($seq);
  return 'whole' if $data eq $right;
  for my $at (map { $_ * $SECTOR } 0 .. $BLOCK / $SECTOR - 1) {
    my $sector = substr($data, $at, $SECTOR);
    return 'wrong' if $sector ne substr($right, $at, $SECTOR) and $sector ne "\0" x $SECTOR;
  }
  return 'torn';
}

sub read_file {
  my ($number, $first, $blocks) = @_;
  my $file = "$dir/blocks-$number";
  my $last = $first + $blocks - 1;
  if (!lstat $file) {
    return print "problem $number $!\n" if $! != POSIX::ENOENT();
    return print "file $number absent\nrun $number gone $first $last\nend $number\n";
  }
  my @read = ('dd', "if=$file", 'bs=64K', 'status=none', 'iflag=direct,nofollow');
  my $how = 'direct';
  if (sysopen(my $in, $file, O_RDONLY | O_DIRECT | O_NOFOLLOW)) { close $in }
  elsif ($! == POSIX::EINVAL()) {
    # No direct reads here: what is cached is dropped first, as far as the kernel does that.
    $how = 'cached';
    system('dd', "if=$file", 'iflag=nocache,nofollow', 'count=0', 'status=none');
    $read[-1] = 'iflag=nofollow';
  } else { return print "problem $number $!\n" }
  print "file $number $how\n";
  open(my $in, '-|', @read) or return print "problem $number dd: $!\n";
  binmode $in;
  my ($state, $from, $runs, $saw) = ('', $first, 0, 0);
  for my $seq ($first .. $last + 1) {
    my $data = '';
    if ($seq <= $last and !defined read($in, $data, $BLOCK)) { return print "problem $number read: $!\n" }
    my $now = $seq > $last ? '' : state_of($data, $seq);
    # The end of what dd says is the end of the file only if dd says so, below.
    last if $state eq 'gone';
    if ($now eq 'wrong' and !$saw++) {
      (my $begin = substr($data, 0, 64)) =~ s/[^ -~]/./g;
      print "saw $number $seq holds \"$begin\"\n";
    }
    next if $now eq $state;
    if ($state ne '') {
      return print "problem $number more runs than are told\n" if ++$runs > $MAX_RUNS;
      print "run $number $state $from ", $seq - 1, "\n";
    }
    ($state, $from) = ($now, $seq);
  }
  close $in or return print "problem $number dd: exit ", $? >> 8, "\n";
  print "run $number gone $from $last\n" if $state eq 'gone';
  print "end $number\n";
}

if ($mode eq 'check') {
  my ($source, $type) = volume(1);
  print "mounted $source $type ", free_bytes(), "\n";
} elsif ($mode eq 'write') {
  write_blocks(@rest);
} elsif ($mode eq 'read') {
  POSIX::nice(19);
  my (undef, undef, $device) = volume(0);
  own_folder($device) or $! == POSIX::ENOENT() or refuse("$dir: $!");
  read_file(split /:/) for @rest;
} elsif ($mode eq 'remove') {
  my (undef, undef, $device) = volume(1);
  if (own_folder($device)) {
    opendir(my $in, $dir) or refuse("$dir: $!");
    for my $name (grep { /^(?:blocks-\d+|owner)$/ } readdir $in) { unlink "$dir/$name" or refuse("$dir/$name: $!") }
    rmdir $dir or refuse("$dir: $!");
  }
  print "removed\n";
}
)perl";

RemoteCommand run_canary(std::string_view mode, const CanaryPlace& place, const Argv& args) {
  RemoteCommand command;
  command.argv = {"perl", "-", std::string(mode), place.path, place.run_id, kCanaryMounts};
  command.argv.insert(command.argv.end(), args.begin(), args.end());
  command.stdin_text = kCanaryScript;
  command.max_output_bytes = kMaxAnswerBytes;
  return command;
}

template <typename T>
bool to_number(const std::string& text, T& value) {
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  return ec == std::errc() && end == text.data() + text.size() && !text.empty();
}

// What follows the first `words` words of a line.
std::string rest_of(const std::string& line, int words) {
  std::size_t at = 0;
  for (int i = 0; i < words && at != std::string::npos; ++i) {
    at = line.find(' ', at);
    if (at != std::string::npos) ++at;
  }
  return at == std::string::npos ? std::string() : line.substr(at);
}

CanaryFound& found_of(std::vector<CanaryFound>& all, int number) {
  for (CanaryFound& found : all)
    if (found.number == number) return found;
  all.push_back({});
  all.back().number = number;
  return all.back();
}

}  // namespace

std::string canary_folder(const std::string& run_id) {
  return ".ernstfall-canary-" + run_id;
}

RemoteCommand canary_check(const CanaryPlace& place) {
  return run_canary("check", place, {});
}

RemoteCommand canary_write(const CanaryPlace& place, const CanaryFile& file, Nanos period,
                           Nanos lifetime) {
  return run_canary(
      "write", place,
      {std::to_string(file.number), std::to_string(file.first), std::to_string(file.blocks),
       std::to_string(std::max<std::int64_t>(1, period.count() / 1000)),
       std::to_string(std::chrono::ceil<std::chrono::seconds>(lifetime).count())});
}

RemoteCommand canary_read(const CanaryPlace& place, const std::vector<CanaryFile>& files) {
  Argv args;
  for (const CanaryFile& file : files)
    args.push_back(fmt::format("{}:{}:{}", file.number, file.first, file.blocks));
  return run_canary("read", place, args);
}

RemoteCommand canary_remove(const CanaryPlace& place) {
  return run_canary("remove", place, {});
}

std::string canary_refusal(std::string_view output) {
  for (const std::string& line : split(output, '\n'))
    if (line.rfind("refused ", 0) == 0) return line.substr(8);
  return {};
}

std::optional<CanaryMount> parse_canary_mount(std::string_view output) {
  for (const std::string& line : split(output, '\n')) {
    const std::vector<std::string> words = split(line, ' ');
    CanaryMount mount;
    if (words.size() != 4 || words[0] != "mounted" || !to_number(words[3], mount.free_bytes))
      continue;
    mount.device = words[1];
    mount.fs_type = words[2];
    return mount;
  }
  return std::nullopt;
}

std::optional<CanaryAck> parse_canary_ack(std::string_view line) {
  const std::vector<std::string> words = split(line, ' ');
  CanaryAck ack;
  if (words.size() != 4 || words[0] != "ack" || !to_number(words[1], ack.seq) ||
      !to_number(words[2], ack.issued_us) || !to_number(words[3], ack.took_us))
    return std::nullopt;
  return ack;
}

std::vector<CanaryFound> parse_canary_found(std::string_view output) {
  std::vector<CanaryFound> all;
  for (const std::string& line : split(output, '\n')) {
    const std::vector<std::string> words = split(line, ' ');
    int number = 0;
    if (words.size() < 2 || !to_number(words[1], number)) continue;
    if (words[0] == "file" && words.size() == 3) {
      found_of(all, number).how = words[2];
    } else if (words[0] == "run" && words.size() == 5) {
      CanaryRun run{words[2], 0, 0};
      if (to_number(words[3], run.from) && to_number(words[4], run.to))
        found_of(all, number).runs.push_back(std::move(run));
    } else if (words[0] == "saw") {
      found_of(all, number).saw = rest_of(line, 2);
    } else if (words[0] == "end") {
      found_of(all, number).complete = true;
    } else if (words[0] == "problem") {
      found_of(all, number).problem = rest_of(line, 2);
    }
  }
  for (CanaryFound& found : all) found.complete = found.complete && found.problem.empty();
  return all;
}

}  // namespace ernstfall
