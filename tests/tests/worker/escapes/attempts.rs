//! What a task tries that wants more than it was given: a name, and a script that says `ESCAPED` if it can. `sys` makes a
//! system call by its number and says `ESCAPED` when the kernel did what was asked.

/// Defines `sys` and `tcp` for the scripts.
pub(crate) const HELPERS: &str = r#"
sys() { /usr/bin/python3 -c 'import ctypes, sys
call = ctypes.CDLL(None, use_errno=True).syscall
call.restype = ctypes.c_long
words = [int(word, 0) for word in sys.argv[1:]]
room = ctypes.create_string_buffer(4096)
print("ESCAPED" if call(*[ctypes.byref(room) if word == -2 else ctypes.c_long(word) for word in words]) >= 0 else "refused")' "$@"; }
tcp() { bash -c "exec 3<>/dev/tcp/$1/$2" && echo ESCAPED; }
"#;

/// In any sandbox.
pub(crate) const IN_A_SANDBOX: &[(&str, &str)] = &[
    ("read the password hashes", "cat /etc/shadow && echo ESCAPED"),
    (
        "look into root's home",
        "cat /root/.bashrc /root/.profile && echo ESCAPED; ls /root/.ssh /root/.config && echo ESCAPED",
    ),
    ("look into homes", "ls -A /home | grep . && echo ESCAPED"),
    ("read the credentials of the server", "cat $DATA/credentials.json && echo ESCAPED"),
    ("list the data directory", "ls $DATA && echo ESCAPED"),
    ("read the worker's credentials file", "cat $WORKER_FILE && echo ESCAPED"),
    (
        "read the worker's directory",
        "ls $WORK && echo ESCAPED; ls $WORK/tasks && echo ESCAPED; ls $WORK/caches && echo ESCAPED",
    ),
    ("read another task's file", "cat $WORK/tasks/$OTHER-0/task/secret && echo ESCAPED"),
    ("read another task's file by its path in the view", "test -e /task/secret && echo ESCAPED"),
    (
        "find what another task left in /tmp",
        "test -e /tmp/secret && echo ESCAPED; test -e /dev/shm/secret && echo ESCAPED",
    ),
    ("read the environment of its parent", "tr '\\0' '\\n' < /proc/$PPID/environ && echo ESCAPED"),
    ("read the environment of the first process", "cat /proc/1/environ && echo ESCAPED"),
    ("read the memory of the first process", "head -c 1 /proc/1/mem && echo ESCAPED; cat /proc/1/maps && echo ESCAPED"),
    ("list the descriptors of the first process", "ls /proc/1/fd && echo ESCAPED"),
    ("reach the root of the first process", "ls /proc/1/root/ && echo ESCAPED"),
    ("end the first process", "kill -9 1; kill -9 $PPID; kill -STOP 1; sleep 0.1; test -d /proc/self || echo ESCAPED"),
    (
        "see processes of the machine",
        "test $(ls -d /proc/[0-9]* | wc -l) -le 9 || echo ESCAPED; ps ax | grep -v grep | grep postgres && echo ESCAPED",
    ),
    ("take the locks of uids", "ls /run/drover && echo ESCAPED"),
    ("mount", "mount -t tmpfs none /tmp && echo ESCAPED; sys 165 0 0 0 0 0; sys 430 0 0"),
    ("make its view writable", "mount -o remount,rw / && echo ESCAPED; sys 442 -100 0 0 0 0"),
    (
        "write to the system",
        "touch /usr/x && echo ESCAPED; touch /etc/x && echo ESCAPED; touch /x && echo ESCAPED; touch /dev/x && echo ESCAPED",
    ),
    ("make a user namespace", "unshare -U true && echo ESCAPED; unshare -Ur id && echo ESCAPED; sys 272 0x10000000"),
    ("make a namespace by clone", "sys 56 0x10000011 0 0 0 0; sys 56 0x20011 0 0 0 0"),
    ("enter a namespace", "nsenter -t 1 -m true && echo ESCAPED; sys 308 0 0"),
    ("change its root", "chroot / true && echo ESCAPED; sys 161 0; sys 155 0 0"),
    (
        "become root",
        "su -c true root < /dev/null && echo ESCAPED; cp /bin/sh s; chmod 4755 s; test $(./s -pc 'id -u') = 0 && echo ESCAPED",
    ),
    ("gain rights by a setuid program", "grep -q 'NoNewPrivs:.1' /proc/self/status || echo ESCAPED"),
    (
        "have a capability",
        "grep -E 'Cap(Inh|Prm|Eff|Bnd|Amb)' /proc/self/status | grep -v ':.0000000000000000' && echo ESCAPED",
    ),
    ("run without a filter", "grep -q 'Seccomp:.2' /proc/self/status || echo ESCAPED"),
    (
        "make a device",
        "mknod d b 254 0 && echo ESCAPED; mknod c c 1 1 && echo ESCAPED; test -e /dev/vda && echo ESCAPED",
    ),
    (
        "read the memory of the machine",
        "head -c 1 /dev/mem && echo ESCAPED; head -c 1 /proc/kcore | grep -q . && echo ESCAPED; head -c 1 /dev/kmsg && echo ESCAPED",
    ),
    ("read the kernel's log", "dmesg && echo ESCAPED; sys 103 3 -2 4096"),
    (
        "change the kernel's settings",
        "echo x > /proc/sys/kernel/core_pattern && echo ESCAPED; echo h > /proc/sysrq-trigger && echo ESCAPED",
    ),
    (
        "see devices and control groups",
        "ls /sys/kernel /sys/fs /sys/class && echo ESCAPED; ls /sys/fs/cgroup && echo ESCAPED",
    ),
    (
        "leave its control group",
        "for f in /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/unified/cgroup.procs; do echo $$ > $f && echo ESCAPED; done",
    ),
    (
        "reach the loopback of the machine",
        "tcp 127.0.0.1 $API_PORT; tcp 127.0.0.1 5432; tcp 127.0.0.1 5672; tcp ::1 $API_PORT",
    ),
    (
        "reach an address of the machine",
        "for a in $ADDRESSES 169.254.169.254; do timeout 5 bash -c \"exec 3<>/dev/tcp/$a/$API_PORT\" && echo ESCAPED; done",
    ),
    (
        "reach an abstract socket of the machine",
        "/usr/bin/python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).connect(chr(0) + sys.argv[1]); print(\"ESCAPED\")' $SOCKET",
    ),
    (
        "read shared memory of the machine",
        "cat /dev/shm/$SHARED && echo ESCAPED; ls /dev/shm | grep . && echo ESCAPED; ipcs -m | grep $SHM_ID && echo ESCAPED",
    ),
    ("trace the first process", "sys 101 16 1 0 0; sys 101 0x4206 1 0 0; sys 310 1 -2 1 -2 1 0"),
    ("use io_uring", "sys 425 8 -2"),
    ("use keys of the kernel", "sys 250 0 0xfffffffd 1; sys 248 0 0 0 0 0"),
    ("use bpf, userfaultfd and perf", "sys 321 0 -2 72; sys 323 0; sys 323 1; sys 298 -2 0 -1 -1 0"),
    ("use odd sockets", "sys 41 40 1 0; sys 41 17 3 0; sys 41 38 5 0; sys 41 15 3 2"),
    ("load a module or another kernel", "sys 175 0 0 0; sys 313 0 0 0; sys 246 0 0 0 0; sys 320 0 0 0 0 0"),
    ("open a file by its handle", "sys 304 -100 -2 0"),
    ("use the numbers of another interface", "sys 0x40000027"),
    (
        "type into a terminal",
        "script -qec \"/usr/bin/python3 -c 'import fcntl; fcntl.ioctl(0, 0x5412, b\\\"x\\\"); print(\\\"ESCAPED\\\")'\" /dev/null",
    ),
    ("change the program", "echo x >> $DROVER && echo ESCAPED; rm -f $DROVER; test -x $DROVER || echo ESCAPED"),
    (
        "cut its log short",
        "truncate -s 0 /proc/$$/fd/1 && echo ESCAPED; ls /task/../private && echo ESCAPED; echo shown > /dev/stdout || echo ESCAPED",
    ),
    (
        "inherit a descriptor",
        "for fd in /proc/$$/fd/*; do test ${fd##*/} -le 2 || readlink $fd | grep -q -e sh$ -e /proc || echo ESCAPED $fd; done",
    ),
    ("find a token in a command line", "grep -l $TOKEN_START /proc/[0-9]*/cmdline && echo ESCAPED"),
    ("find a token in its environment", "env | grep -v TOKEN_START | grep $TOKEN_START && echo ESCAPED"),
    (
        "reach the proxy of another task",
        "test -n \"$OTHER_PROXY\" && curl -s --max-time 5 $OTHER_PROXY/api/queue/v1/ping && echo ESCAPED",
    ),
];

/// Where runs have users of their own.
pub(crate) const AS_ANOTHER_USER: &[(&str, &str)] = &[
    ("run as the worker's user", "test $(id -u) -ge 400000 || echo ESCAPED"),
    ("keep groups of the worker", "test \"$(id -G)\" = \"$(id -g)\" || echo ESCAPED"),
];
