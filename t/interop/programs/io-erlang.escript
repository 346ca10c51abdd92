#!/usr/bin/env escript
%% mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
%% Copyright (c) 2026 The mod_sftp authors
%%
%% SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
%% (see LICENSE)

%% The commands of t/interop (see its README) with Erlang's ssh_sftp.

-mode(compile).

main(["--version"]) ->
    ok = application:load(ssh),
    {ok, Version} = application:get_key(ssh, vsn),
    io:format("~s~n", [Version]);
main(_) ->
    try
        run()
    catch
        _:Reason ->
            io:format(standard_error, "ERROR: ~0p~n", [Reason]),
            halt(1)
    end.

run() ->
    io:setopts([{encoding, latin1}]),
    logger:set_primary_config(level, none),
    {ok, _} = application:ensure_all_started(ssh),
    {ok, Conn} = connect(),
    Sftp = start(Conn),
    loop(Conn, Sftp),
    ssh:close(Conn).

connect() ->
    Login = case os:getenv("IO_KEY") of
                false ->
                    [{password, os:getenv("IO_PASSWORD")},
                     {auth_methods, "password"}];
                Key ->
                    [{user_dir, filename:dirname(Key)},
                     {auth_methods, "publickey"}]
            end,
    Comp = case os:getenv("IO_COMPRESS") of
               false -> [];
               _ -> [{preferred_algorithms,
                      [{compression, ['zlib@openssh.com', zlib]}]}]
           end,
    case ssh:connect(os:getenv("IO_HOST"),
                     list_to_integer(os:getenv("IO_PORT")),
                     [{user, os:getenv("IO_USER")},
                      {silently_accept_hosts, true},
                      {user_interaction, false},
                      {save_accepted_host, false} | Login ++ Comp]) of
        {ok, Conn} -> {ok, Conn};
        {error, Reason} -> throw({connect, Reason})
    end.

start(Conn) ->
    {ok, Sftp} = ssh_sftp:start_channel(Conn),
    Sftp.

loop(Conn, Sftp) ->
    case io:get_line("") of
        eof ->
            ok;
        Line ->
            Text = list_to_binary(string:trim(Line, trailing, "\n")),
            Words = binary:split(Text, <<" ">>, [global]),
            [Name | Args] = [utf8(uri_string:percent_decode(W)) || W <- Words],
            ok = command(Conn, Sftp, Name, Args),
            loop(Conn, Sftp)
    end.

%% Names are characters here, and UTF-8 on the wire.
utf8(Bytes) when is_binary(Bytes) ->
    unicode:characters_to_list(Bytes);
utf8(Bytes) ->
    unicode:characters_to_list(list_to_binary(Bytes)).

quote(Name) ->
    uri_string:quote(unicode:characters_to_binary(Name)).

command(_, Sftp, "put", [From, To]) ->
    {ok, Data} = file:read_file(From),
    ssh_sftp:write_file(Sftp, To, Data);
command(_, Sftp, "get", [From, To]) ->
    case ssh_sftp:read_file(Sftp, From) of
        {ok, Data} -> file:write_file(To, Data);
        Other -> Other
    end;
command(_, Sftp, "reput", [From, To]) ->
    {ok, Start} = size_of(Sftp, To),
    {ok, In} = file:open(From, [read, raw, binary]),
    {ok, Data} = file:pread(In, Start, filelib:file_size(From) - Start),
    {ok, Out} = ssh_sftp:open(Sftp, To, [read, write, binary]),
    ok = reput(Sftp, Out, Start, Data),
    ssh_sftp:close(Sftp, Out);
command(_, Sftp, "reget", [From, To]) ->
    {ok, Size} = size_of(Sftp, From),
    Start = filelib:file_size(To),
    {ok, In} = ssh_sftp:open(Sftp, From, [read, binary]),
    {ok, Out} = file:open(To, [append, raw, binary]),
    ok = reget(Sftp, In, Out, Start, Size),
    ok = file:close(Out),
    ssh_sftp:close(Sftp, In);
command(_, Sftp, "ls", [Path]) ->
    case ssh_sftp:list_dir(Sftp, Path) of
        {ok, Names} ->
            [io:format("NAME ~s~n", [quote(Name)]) || Name <- Names],
            ok;
        Other ->
            Other
    end;
command(_, Sftp, "stat", [Path]) ->
    {ok, Info} = ssh_sftp:read_file_info(Sftp, Path),
    Mode = element(8, Info) band 8#7777,
    %% "Local" times; our clock is set to UTC.
    Time = calendar:datetime_to_gregorian_seconds(element(6, Info))
        - calendar:datetime_to_gregorian_seconds({{1970,1,1},{0,0,0}}),
    io:format("STAT ~b ~.8b ~b~n", [element(2, Info), Mode, Time]);
command(_, Sftp, "readlink", [Path]) ->
    {ok, Text} = ssh_sftp:read_link(Sftp, Path),
    io:format("LINK ~s~n", [quote(Text)]);
command(_, Sftp, "symlink", [Target, Link]) ->
    ssh_sftp:make_symlink(Sftp, Link, Target);
command(_, Sftp, "mkdir", [Path]) ->
    ssh_sftp:make_dir(Sftp, Path);
command(_, Sftp, "rm", [Path]) ->
    ssh_sftp:delete(Sftp, Path);
command(_, Sftp, "rename", [From, To]) ->
    ssh_sftp:rename(Sftp, From, To);
command(_, Sftp, "chmod", [Mode, Path]) ->
    change(Sftp, Path, 8, list_to_integer(Mode, 8));
command(_, Sftp, "utime", [Seconds, Path]) ->
    Time = calendar:system_time_to_universal_time(list_to_integer(Seconds),
                                                  second),
    change(Sftp, Path, 6, Time);
command(Conn, _, "channels", [Count, From, To]) ->
    {ok, Data} = file:read_file(From),
    Self = self(),
    Numbers = lists:seq(0, list_to_integer(Count) - 1),
    All = [{start(Conn), To ++ integer_to_list(N)} || N <- Numbers],
    [spawn_link(fun() ->
                        Self ! ssh_sftp:write_file(Channel, Name, Data)
                end) || {Channel, Name} <- All],
    [receive ok -> ok end || _ <- Numbers],
    ok;
command(_, _, Name, _) ->
    throw({no_command, Name}).

%% A field of a file_info alone: what is undefined stays as it is.
change(Sftp, Path, Field, Value) ->
    Empty = erlang:make_tuple(14, undefined, [{1, file_info}]),
    ssh_sftp:write_file_info(Sftp, Path, setelement(Field, Empty, Value)).

size_of(Sftp, Path) ->
    {ok, Info} = ssh_sftp:read_file_info(Sftp, Path),
    {ok, element(2, Info)}.

%% It sends what it is given as one request, however much that is.
reput(_, _, _, <<>>) ->
    ok;
reput(Sftp, Out, Start, Data) ->
    N = min(byte_size(Data), 32768),
    <<Piece:N/binary, Rest/binary>> = Data,
    ok = ssh_sftp:pwrite(Sftp, Out, Start, Piece),
    reput(Sftp, Out, Start + N, Rest).

reget(_, _, _, Start, Size) when Start >= Size ->
    ok;
reget(Sftp, In, Out, Start, Size) ->
    {ok, Data} = ssh_sftp:pread(Sftp, In, Start, 262144),
    ok = file:write(Out, Data),
    reget(Sftp, In, Out, Start + byte_size(Data), Size).
