# mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
# Copyright (c) 2026 The mod_sftp authors
#
# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
# (see LICENSE)

# The commands of t/interop (see its README) with Net::SFTP of Ruby.

require 'net/sftp'
require 'erb'

def quote(name)
  ERB::Util.url_encode(name)
end

def unquote(word)
  word.gsub(/%(\h\h)/) { $1.hex.chr }.force_encoding('UTF-8')
end

def login
  more = ENV['IO_KEY'] ? { keys: [ENV['IO_KEY']], keys_only: true }
                       : { password: ENV['IO_PASSWORD'] }
  more[:auth_methods] = [ENV['IO_KEY'] ? 'publickey' : 'password']
  more[:number_of_password_prompts] = 0
  more[:compression] = 'zlib@openssh.com' if ENV['IO_COMPRESS']
  Net::SSH.start(ENV['IO_HOST'], ENV['IO_USER'], port: ENV['IO_PORT'].to_i,
                 verify_host_key: :never, config: false,
                 non_interactive: true, use_agent: false, **more)
end

def reput(sftp, from, to)
  start = sftp.stat!(to).size
  File.open(from, 'rb') do |file|
    file.seek(start)
    sftp.open!(to, 'r+') do |response|
      raise response.to_s unless response.ok?
      handle = response[:handle]
      while (data = file.read(262144))
        sftp.write!(handle, start, data)
        start += data.bytesize
      end
      sftp.close!(handle)
    end
  end
end

def reget(sftp, from, to)
  start = File.size(to)
  File.open(to, 'ab') do |file|
    sftp.open!(from, 'r') do |response|
      raise response.to_s unless response.ok?
      handle = response[:handle]
      while (data = sftp.read!(handle, start, 32768))
        file.write(data)
        start += data.bytesize
      end
      sftp.close!(handle)
    end
  end
end

def channels(ssh, count, from, to)
  all = Array.new(count) { Net::SFTP::Session.new(ssh).connect! }
  puts_ = all.each_with_index.map { |one, i| one.upload(from, "#{to}#{i}") }
  puts_.each(&:wait)
end

def command(ssh, sftp, name, *args)
  case name
  when 'put', 'puttree' then sftp.upload!(*args)
  when 'get' then sftp.download!(*args)
  when 'gettree' then sftp.download!(*args, recursive: true)
  when 'reput' then reput(sftp, *args)
  when 'reget' then reget(sftp, *args)
  when 'ls' then sftp.dir.foreach(args[0]) { |e| puts "NAME #{quote(e.name)}" }
  when 'stat'
    st = sftp.stat!(args[0])
    puts format('STAT %d %o %d', st.size, st.permissions & 0o7777, st.mtime)
  when 'readlink' then puts "LINK #{quote(sftp.readlink!(args[0]).name)}"
  when 'symlink' then sftp.symlink!(args[1], args[0])
  when 'mkdir' then sftp.mkdir!(args[0])
  when 'rm' then sftp.remove!(args[0])
  when 'rename' then sftp.rename!(*args)
  when 'chmod' then sftp.setstat!(args[1], permissions: args[0].to_i(8))
  when 'utime'
    sftp.setstat!(args[1], atime: args[0].to_i, mtime: args[0].to_i)
  when 'channels' then channels(ssh, args[0].to_i, *args[1..])
  else raise "no command #{name}"
  end
end

if ARGV.include?('--version')
  puts Net::SFTP::Version::STRING
  exit
end

begin
  ssh = login
  sftp = Net::SFTP::Session.new(ssh).connect!
  $stdin.each_line do |line|
    command(ssh, sftp, *line.chomp.split(' ').map { |word| unquote(word) })
  end
  ssh.close
rescue StandardError => e
  warn "ERROR: #{e.class}: #{e.message}"
  exit 1
end
