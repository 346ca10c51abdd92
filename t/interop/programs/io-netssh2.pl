# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# The commands of t/interop (see its README) with Net::SSH2 (libssh2).

use strict;
use warnings;
use Fcntl qw(:DEFAULT SEEK_SET);
use Net::SSH2;

sub quoted {
  my ($name) = @_;
  $name =~ s/([^A-Za-z0-9._-])/sprintf('%%%02x', ord($1))/ge;
  return $name;
}

if (@ARGV) {
  print "$Net::SSH2::VERSION\n";
  exit;
}

my ($ssh, $sftp);

sub fail {
  my ($what) = @_;
  my @error = $ssh->error();
  my $text = $error[1] . ' ' . $error[2];
  if ($error[1] eq 'LIBSSH2_ERROR_SFTP_PROTOCOL' && defined $sftp) {
    $text = join(' ', $sftp->error());
  }
  print STDERR "ERROR: $what: $text\n";
  exit 1;
}

sub put {
  my ($from, $to, $resume) = @_;
  open my $in, '<:raw', $from or die "$from: $!\n";
  my $flags = O_WRONLY | O_CREAT | ($resume ? 0 : O_TRUNC);
  my $out = $sftp->open($to, $flags, 0644) or fail($to);
  if ($resume) {
    my $size = $out->stat()->{size};
    $out->seek($size);
    sysseek($in, $size, SEEK_SET);
  }
  my $data;
  while (sysread($in, $data, 262144)) {
    while (length($data)) {
      my $n = $out->write($data);
      defined $n && $n > 0 or fail($to);
      $data = substr($data, $n);
    }
  }
}

sub get {
  my ($from, $to, $resume) = @_;
  open my $out, $resume ? '>>:raw' : '>:raw', $to or die "$to: $!\n";
  my $in = $sftp->open($from, O_RDONLY) or fail($from);
  $in->seek(-s $out) if $resume;
  my $data;
  while ($in->read($data, 262144)) {
    print $out $data;
  }
}

sub ls {
  my $dir = $sftp->opendir($_[0]) or fail($_[0]);
  while (my $entry = $dir->read()) {
    print 'NAME ', quoted($entry->{name}), "\n";
  }
}

# All in one connection, a piece of each in turn.
sub channels {
  my ($count, $from, $to) = @_;
  my @all;
  for my $i (0 .. $count - 1) {
    open my $in, '<:raw', $from or die "$from: $!\n";
    my $one = $ssh->sftp() or fail('sftp');
    my $out = $one->open("$to$i", O_WRONLY | O_CREAT | O_TRUNC, 0644)
      or fail("$to$i");
    push @all, [$in, $out, $one];
  }
  while (@all) {
    @all = grep {
      my ($in, $out) = @$_;
      my $n = sysread($in, my $data, 30000);
      while (length($data)) {
        my $sent = $out->write($data) // 0;
        $sent > 0 or fail($to);
        $data = substr($data, $sent);
      }
      $n;
    } @all;
  }
}

my %commands = (
  put => sub { put($_[0], $_[1], 0) },
  reput => sub { put($_[0], $_[1], 1) },
  get => sub { get($_[0], $_[1], 0) },
  reget => sub { get($_[0], $_[1], 1) },
  channels => \&channels,
  ls => \&ls,
  stat => sub {
    my $st = $sftp->stat($_[0]) or fail($_[0]);
    printf "STAT %d %o %d\n", $st->{size}, $st->{mode} & 07777, $st->{mtime};
  },
  readlink => sub {
    my $text = $sftp->readlink($_[0]) // fail($_[0]);
    print 'LINK ', quoted($text), "\n";
  },
  symlink => sub { $sftp->symlink($_[0], $_[1]) or fail($_[1]) },
  mkdir => sub { $sftp->mkdir($_[0], 0755) or fail($_[0]) },
  rm => sub { $sftp->unlink($_[0]) or fail($_[0]) },
  rename => sub { $sftp->rename($_[0], $_[1]) or fail($_[0]) },
  chmod => sub { $sftp->setstat($_[1], mode => oct($_[0])) or fail($_[1]) },
  utime => sub {
    $sftp->setstat($_[1], atime => $_[0], mtime => $_[0]) or fail($_[1]);
  },
  # SCP, which Net::SSH2 speaks, too.
  scpput => sub { $ssh->scp_put($_[0], $_[1]) or fail($_[1]) },
  scpget => sub { $ssh->scp_get($_[0], $_[1]) or fail($_[0]) },
);

$ssh = Net::SSH2->new();
$ssh->flag(COMPRESS => 1) if $ENV{IO_COMPRESS};
$ssh->connect($ENV{IO_HOST}, $ENV{IO_PORT}) or fail('connect');
my $key = $ENV{IO_KEY};
($key ? $ssh->auth_publickey($ENV{IO_USER}, "$key.pub", $key)
  : $ssh->auth_password($ENV{IO_USER}, $ENV{IO_PASSWORD})) or fail('login');
$sftp = $ssh->sftp() or fail('sftp');

$| = 1;
while (my $line = <STDIN>) {
  chomp $line;
  my ($name, @words) = split / /, $line;
  s/%([0-9A-Fa-f]{2})/chr(hex($1))/ge for @words;
  my $code = $commands{$name} or die "ERROR: no command $name\n";
  $code->(@words);
}
