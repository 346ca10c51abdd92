/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

// The commands of t/interop (see its README) with github.com/pkg/sftp.

package main

import (
	"bufio"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "ERROR:", err)
		os.Exit(1)
	}
}

func connect() *ssh.Client {
	config := &ssh.ClientConfig{
		User:            os.Getenv("IO_USER"),
		HostKeyCallback: ssh.InsecureIgnoreHostKey(),
		Timeout:         30 * time.Second,
	}
	if name := os.Getenv("IO_KEY"); name != "" {
		text, err := os.ReadFile(name)
		check(err)
		key, err := ssh.ParsePrivateKey(text)
		check(err)
		config.Auth = []ssh.AuthMethod{ssh.PublicKeys(key)}
	} else {
		config.Auth = []ssh.AuthMethod{ssh.Password(os.Getenv("IO_PASSWORD"))}
	}
	if text := os.Getenv("IO_REKEY"); text != "" {
		bytes, err := strconv.ParseUint(text, 10, 64)
		check(err)
		config.RekeyThreshold = bytes
	}
	conn, err := ssh.Dial("tcp",
		os.Getenv("IO_HOST")+":"+os.Getenv("IO_PORT"), config)
	check(err)
	return conn
}

func begin(conn *ssh.Client) *sftp.Client {
	client, err := sftp.NewClient(conn, sftp.UseConcurrentWrites(true))
	check(err)
	return client
}

func put(c *sftp.Client, from, to string, resume bool) {
	in, err := os.Open(from)
	check(err)
	defer in.Close()
	flags := os.O_WRONLY | os.O_CREATE
	if !resume {
		flags |= os.O_TRUNC
	}
	out, err := c.OpenFile(to, flags)
	check(err)
	if resume {
		at, err := out.Seek(0, io.SeekEnd)
		check(err)
		_, err = in.Seek(at, io.SeekStart)
		check(err)
	}
	_, err = out.ReadFrom(in)
	check(err)
	check(out.Close())
}

func get(c *sftp.Client, from, to string, resume bool) {
	flags := os.O_WRONLY | os.O_CREATE
	if !resume {
		flags |= os.O_TRUNC
	}
	out, err := os.OpenFile(to, flags, 0644)
	check(err)
	in, err := c.Open(from)
	check(err)
	if resume {
		at, err := out.Seek(0, io.SeekEnd)
		check(err)
		_, err = in.Seek(at, io.SeekStart)
		check(err)
	}
	_, err = in.WriteTo(out)
	check(err)
	check(in.Close())
	check(out.Close())
}

func channels(conn *ssh.Client, count int, from, to string) {
	var all sync.WaitGroup
	for i := 0; i < count; i++ {
		c := begin(conn)
		all.Add(1)
		go func(i int) {
			put(c, from, to+strconv.Itoa(i), false)
			all.Done()
		}(i)
	}
	all.Wait()
}

func command(conn *ssh.Client, c *sftp.Client, w []string) {
	switch w[0] {
	case "put", "reput":
		put(c, w[1], w[2], w[0] == "reput")
	case "get", "reget":
		get(c, w[1], w[2], w[0] == "reget")
	case "ls":
		list, err := c.ReadDir(w[1])
		check(err)
		for _, one := range list {
			fmt.Println("NAME", url.PathEscape(one.Name()))
		}
	case "stat":
		info, err := c.Stat(w[1])
		check(err)
		fmt.Printf("STAT %d %o %d\n", info.Size(), info.Mode().Perm(),
			info.ModTime().Unix())
	case "readlink":
		text, err := c.ReadLink(w[1])
		check(err)
		fmt.Println("LINK", url.PathEscape(text))
	case "symlink":
		check(c.Symlink(w[1], w[2]))
	case "mkdir":
		check(c.Mkdir(w[1]))
	case "rm":
		check(c.Remove(w[1]))
	case "rename":
		check(c.PosixRename(w[1], w[2]))
	case "chmod":
		mode, _ := strconv.ParseUint(w[1], 8, 32)
		check(c.Chmod(w[2], os.FileMode(mode)))
	case "utime":
		secs, _ := strconv.ParseInt(w[1], 10, 64)
		check(c.Chtimes(w[2], time.Unix(secs, 0), time.Unix(secs, 0)))
	case "channels":
		count, _ := strconv.Atoi(w[1])
		channels(conn, count, w[2], w[3])
	default:
		check(fmt.Errorf("no command %s", w[0]))
	}
}

func main() {
	conn := connect()
	defer conn.Close()
	c := begin(conn)
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		words := strings.Split(in.Text(), " ")
		for i := range words {
			text, err := url.PathUnescape(words[i])
			check(err)
			words[i] = text
		}
		command(conn, c, words)
	}
}
