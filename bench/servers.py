"""Throwaway clusters and scripted nodes, the data on them, and the processors they run on."""

import os
import pathlib
import socket
import ssl
import subprocess

from building import BUILD, SERVERS, Failed

# As in bench/workload.h.
SMALL, LARGE, ELEMENTS, KEYS, TAGS = 64, 1024 * 1024, 1000, 1000, 30
KNOWN_NODES = 1000


class Process:
    """A program that ends with its standard input, however this one ends."""

    def open(self, command, begins, what, script=None):
        self.process = subprocess.Popen(list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if script is not None:
            self.process.stdin.write(script)
            self.process.stdin.flush()
        line = self.process.stdout.readline()
        words = line.split()
        if words[:1] != [begins]:
            self.__exit__()
            raise Failed(f"{what} did not start: {line.strip() or 'it said nothing'}")
        return words[1:]

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


class Cluster(Process):
    """Three primaries, each with a replica where `replicas` says so, and the data; `node` owns the keys with the tag {bench}."""

    tls = ()

    def __init__(self, replicas=0):
        self.replicas = replicas

    def __enter__(self):
        command = [SERVERS / "debug" / "cluster", "start", "--primaries", 3, "--replicas", self.replicas, *self.tls]
        nodes = self.open(command, "nodes", "the cluster")
        try:
            self.primaries = nodes[:3]
            self.node = put_data(self.primaries, self.wrap)
        except BaseException:
            self.__exit__()
            raise
        return self

    def wrap(self, connection):
        return connection

    def ports(self):
        return {int(node.rsplit(":", 1)[1]) for node in self.primaries}

    def place(self, processors):
        """Moves the servers, all their threads, to these processors."""
        for server in children(self.process.pid):
            for thread in pathlib.Path(f"/proc/{server}/task").iterdir():
                try:
                    os.sched_setaffinity(int(thread.name), processors)
                except ProcessLookupError:
                    pass


class TlsCluster(Cluster):
    """The same with TLS and client certificates; `url` is that of the node, `folder` holds the certificates."""

    folder = BUILD / "certificates"
    tls = ("--tls", folder)

    def __enter__(self):
        super().__enter__()
        files = f"ssl_ca_certs={self.folder}/ca.pem&ssl_certfile={self.folder}/client.pem&ssl_keyfile={self.folder}/client.key"
        self.url = f"rediss://{self.node}?{files}"
        return self

    def wrap(self, connection):
        context = ssl.create_default_context(cafile=self.folder / "ca.pem")
        context.load_cert_chain(self.folder / "client.pem", self.folder / "client.key")
        return context.wrap_socket(connection, server_hostname="127.0.0.1")


class Scripted(Process):
    """Scripted nodes; `node` is the first."""

    def __init__(self, topology):
        self.script = f"node *\n  handshake\n  topology {topology}\nend\n"

    def __enter__(self):
        ports = self.open([SERVERS / "debug" / "fake-node"], "ports", "the scripted nodes", self.script)
        self.node = f"127.0.0.1:{ports[0]}"
        return self


class KnownNodes(Scripted):
    """One scripted node whose CLUSTER SLOTS names a thousand, all of the loopback; `url` asks no other than the one."""

    def __init__(self):
        width = 16384 // KNOWN_NODES
        ranges = []
        for i in range(KNOWN_NODES):
            last = 16383 if i == KNOWN_NODES - 1 else (i + 1) * width - 1
            owner = "1" if i == 0 else f"127.1.{i // 250}.{i % 250 + 1}:6379"
            ranges.append(f"{i * width}-{last}={owner}")
        super().__init__(" ".join(ranges))

    def __enter__(self):
        super().__enter__()
        self.url = f"redis://{self.node}?nodemanager_follow_cluster=no"
        return self


class Shard(Scripted):
    """A scripted primary and its two replicas."""

    def __init__(self):
        super().__init__("0-16383=1,replica:2,replica:3")


def children(process):
    found = []
    for task in pathlib.Path(f"/proc/{process}/task").iterdir():
        found += map(int, (task / "children").read_text().split())
    return found


def processors():
    """Where the client runs and where the servers run, apart where there are two processors or more."""
    here = sorted(os.sched_getaffinity(0))
    return ({here[-1]}, set(here[:-1])) if len(here) > 1 else (set(here), set(here))


def data():
    value = b"x" * SMALL
    yield [b"SET", b"{bench}small", value]
    yield [b"SET", b"{bench}large", b"x" * LARGE]
    yield [b"RPUSH", b"{bench}list", *[value] * ELEMENTS]
    pairs = ((b"%064d" % i, value) for i in range(ELEMENTS // 2))
    yield [b"HSET", b"{bench}hash", *(word for pair in pairs for word in pair)]
    for i in range(KEYS):
        yield [b"SET", b"bench:%010d" % i, value]
        yield [b"SET", b"{bench:%02d}:%06d" % (i % TAGS, i), value]


def put_data(nodes, wrap):
    """The node of the first key. `wrap`: from a plain connection to the one to use."""
    connections = {}
    first = node = nodes[0]
    for number, words in enumerate(data()):
        for _ in range(3):
            if node not in connections:
                host, port = node.rsplit(":", 1)
                connection = wrap(socket.create_connection((host, int(port)), timeout=10))
                connections[node] = connection, connection.makefile("rb")
            connection, replies = connections[node]
            connection.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))
            reply = replies.readline().decode()
            if not reply.startswith("-MOVED"):
                break
            node = reply.split()[2]
        if reply[:1] not in "+:":
            raise Failed(f"{words[0].decode()} on {node}: {reply.strip() or 'no reply'}")
        if number == 0:
            first = node
    for connection, replies in connections.values():
        replies.close()
        connection.close()
    return first
