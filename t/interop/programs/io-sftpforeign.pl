# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# The commands of t/interop (see its README) with Net::SFTP::Foreign, which
# starts OpenSSH's ssh.

use strict;
use warnings;
use Net::SFTP::Foreign;

sub quoted {
  my ($name) = @_;
  utf8::encode($name);
  $name =~ s/([^A-Za-z0-9._-])/sprintf('%%%02x', ord($1))/ge;
  return $name;
}

if (@ARGV) {
  print "$Net::SFTP::Foreign::VERSION\n";
  exit;
}

my @more = ('-F', $ENV{IO_CONFIG});
push @more, '-C' if $ENV{IO_COMPRESS};
push @more, '-o', 'PubkeyAuthentication=no' if !$ENV{IO_KEY};
my $sftp = Net::SFTP::Foreign->new(host => 'srv', more => \@more,
  timeout => 60, fs_encoding => 'utf8');

sub check {
  return unless $sftp->error;
  print STDERR 'ERROR: ', $sftp->error, ' (', $sftp->status, ")\n";
  exit 1;
}
check();

my %bytes = (copy_time => 0, copy_perm => 0);
my %commands = (
  put => sub { $sftp->put($_[0], $_[1], %bytes) },
  get => sub { $sftp->get($_[0], $_[1], %bytes) },
  putp => sub { $sftp->put($_[0], $_[1], copy_time => 1, copy_perm => 1) },
  getp => sub { $sftp->get($_[0], $_[1], copy_time => 1, copy_perm => 1) },
  reput => sub { $sftp->put($_[0], $_[1], resume => 1, %bytes) },
  reget => sub { $sftp->get($_[0], $_[1], resume => 1, %bytes) },
  puttree => sub { $sftp->rput($_[0], $_[1]) },
  gettree => sub { $sftp->rget($_[0], $_[1]) },
  ls => sub {
    my $list = $sftp->ls($_[0]) or return;
    print 'NAME ', quoted($_->{filename}), "\n" for @$list;
  },
  stat => sub {
    my $st = $sftp->stat($_[0]) or return;
    printf "STAT %d %o %d\n", $st->size, $st->perm & 07777, $st->mtime;
  },
  readlink => sub {
    my $text = $sftp->readlink($_[0]) // return;
    print 'LINK ', quoted($text), "\n";
  },
  symlink => sub { $sftp->symlink($_[1], $_[0]) },
  mkdir => sub { $sftp->mkdir($_[0]) },
  rm => sub { $sftp->remove($_[0]) },
  rename => sub { $sftp->rename($_[0], $_[1], overwrite => 1) },
  chmod => sub { $sftp->chmod($_[1], oct($_[0])) },
  utime => sub { $sftp->utime($_[1], $_[0], $_[0]) },
);

$| = 1;
while (my $line = <STDIN>) {
  chomp $line;
  my ($name, @words) = split / /, $line;
  s/%([0-9A-Fa-f]{2})/chr(hex($1))/ge, utf8::decode($_) for @words;
  my $code = $commands{$name} or die "ERROR: no command $name\n";
  $code->(@words);
  check();
}
