"""T-60 to T-68: an address that somebody typed in leads to the public internet, or nowhere."""

import ipaddress
import socket

import pytest
import structlog

from app.errors import AppError
from app.outbound.asking import MOST_BYTES, Limits, Request, ask
from app.outbound.guard import Guard, NoAnswer, read_target
from app.outbound.networks import is_public, read_networks

PUBLIC = "93.184.215.14"
LOOPBACK = read_networks("127.0.0.0/8")


def names(**known):
    """A resolver that knows these names: name with _ for . -> its addresses, or a list of answers one after another."""
    table = {name.replace("_", "."): answer for name, answer in known.items()}

    def resolve(name, _port):
        answer = table[name]
        found = answer.pop(0) if isinstance(answer, list) else answer
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return found

    return resolve


def refused(url, guard=None):
    with pytest.raises(AppError) as refusal:
        (guard or Guard()).check(url)
    assert refusal.value.code == "address_refused"
    assert url not in refusal.value.message
    return True


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.8.9.10", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "192.168.1.1"),  # noqa: S104
        *("169.254.169.254", "100.64.0.1", "100.100.100.200", "192.0.0.192", "168.63.129.16", "198.18.0.1"),
        *("192.0.2.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.88.99.1"),
        *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:8.8.8.8]", "[::127.0.0.1]", "[fe80::1]", "[fec0::1]"),
        *("[fd00::1]", "[fc00::1]", "[ff02::1]", "[64:ff9b::7f00:1]", "[64:ff9b::8.8.8.8]", "[64:ff9b:1::1]"),
        *("[2002:7f00:1::]", "[2001:0:1::1]", "[2001:db8::1]", "[3fff::1]", "[100::1]", "[5f00::1]"),
        *("2130706433", "0x7f000001", "0x7f.1", "017700000001", "0177.0.0.1", "127.1", "0", "127.0.0.0x1"),
        *("127.0.0.1.", "METADATA.google.internal", "metadata.google.internal.", "metadata", "hooks..example", ""),
        *("１２７.0.0.1", "127。0。0。1", "loc\u00adalhost", "-a.example", "a b.example", "%31%32%37.0.0.1"),  # noqa: RUF001
    ],
)
def test_t60_an_address_inside_is_refused_however_it_is_written(host):
    refused(f"https://{host}/hook")


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST", "localhost.", "LocalHost.", "ip6-localhost"])
def test_t60_a_name_for_this_machine_is_refused_in_any_case_and_with_a_final_dot(name):
    here = {"localhost": ("127.0.0.1", "::1"), "ip6-localhost": ("::1",)}
    refused(f"https://{name}/hook", Guard(resolve=lambda asked, _port: here[asked]))


@pytest.mark.parametrize("address", [PUBLIC, "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "2a00:1450:4001::1"])
def test_the_public_internet_is_not_refused(address):
    assert is_public(ipaddress.ip_address(address))
    checked = Guard(resolve=lambda _name, _port: [address]).check("https://Hooks.Example./a?b=c")
    assert [str(one) for one in checked.addresses] == [address]
    assert (checked.target.host, checked.target.port, checked.target.path) == ("hooks.example", 443, "/a?b=c")


def test_t61_a_name_that_moves_inside_between_saving_and_sending_is_not_connected_to(receiver):
    moving = names(hooks_example=[[PUBLIC], ["127.0.0.1"]])
    guard, url = Guard(resolve=moving), f"https://hooks.example:{receiver.port}/hook"
    guard.check(url)
    with pytest.raises(AppError, check=lambda error: error.code == "address_refused"):
        ask(guard, Request("POST", url))
    assert receiver.got == []


def test_t61_the_name_is_looked_up_once_a_request_and_the_checked_address_is_the_one_asked(receiver):
    asked = []

    def resolve(name, port):
        asked.append((name, port))
        return ["127.0.0.1"]

    answer = ask(Guard(LOOPBACK, resolve), Request("POST", f"http://hooks.example:{receiver.port}/hook", {}, b"{}"))
    assert answer.status == 200
    assert asked == [("hooks.example", receiver.port)]
    assert receiver.got[0][1]["host"] == f"hooks.example:{receiver.port}"


def test_t62_one_address_inside_among_several_is_enough_to_refuse():
    for inside in ("10.0.0.1", "::1", "64:ff9b::a00:1", "fe80::1%eth0"):
        refused("https://hooks.example/x", Guard(resolve=names(hooks_example=(PUBLIC, inside))))
        refused("https://hooks.example/x", Guard(resolve=names(hooks_example=(inside, PUBLIC))))


def test_t63_a_redirect_is_an_answer_and_is_not_followed(receiver):
    answer = ask(Guard(LOOPBACK), Request("POST", f"http://127.0.0.1:{receiver.port}/moved"))
    assert answer.status == 302
    assert [path for path, _, _ in receiver.got] == ["/moved"]


@pytest.mark.parametrize(
    "url",
    [
        *("http+unix://%2Fvar%2Frun%2Fdocker.sock/x", "file:///etc/passwd", "gopher://hooks.example/x", "ftp://h.example/"),
        *("https://a@hooks.example/", "https://a:b@hooks.example/", "https://@hooks.example/", "https://hooks.example@10.0.0.1/"),
        *("https://hooks.example:22/", "https://hooks.example:25/", "https://hooks.example:0/", "https://hooks.example:6379/"),
        *("https://hooks.example:99999/", "https://hooks.example:x/", "https://[::1", "https://hooks.example\\@10.0.0.1/"),
        *("https://hooks.example/a b", "https://hooks.example/\r\nHost: x", "https://h.example/#x", "//h.example/x"),
        *("hooks.example/x", "", "https://", "https:hooks.example", "https://" + "a" * 3_000 + ".example/"),
        *("javascript:alert(1)", "data:text/plain,x", "https://hooks.example\t/x", " https://hooks.example/"),
    ],
)  # fmt: skip
def test_t64_only_plain_https_addresses_are_read(url):
    with pytest.raises(AppError, check=lambda error: error.code == "address_refused"):
        read_target(url)


def test_t64_plain_http_is_refused_on_the_public_internet():
    refused("http://hooks.example/x", Guard(resolve=names(hooks_example=(PUBLIC,))))


@pytest.mark.parametrize("path", ["/endless", "/dripping"])
def test_t65_an_answer_without_end_is_cut_and_its_status_counts(receiver, path):
    limits = Limits(seconds=0.5)
    answer = ask(Guard(LOOPBACK), Request("POST", f"http://127.0.0.1:{receiver.port}{path}"), limits)
    assert (answer.status, answer.whole) == (200, False)
    assert len(answer.body) <= MOST_BYTES


@pytest.mark.parametrize("path", ["/endless-head", "/dripping-head"])
def test_t65_a_head_without_end_is_no_answer(receiver, path):
    with pytest.raises(NoAnswer):
        ask(Guard(LOOPBACK), Request("POST", f"http://127.0.0.1:{receiver.port}{path}"), Limits(seconds=0.5))


def test_t65_a_receiver_that_takes_the_connection_and_says_nothing_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/x"
        with pytest.raises(NoAnswer, match=r"no answer within 0\.2 s"):
            ask(Guard(LOOPBACK), Request("POST", url), Limits(seconds=0.2))


def test_t65_the_limits_are_those_that_are_promised():
    assert Limits() == Limits(seconds=15.0, most_bytes=64 * 1024)


def test_t66_what_goes_wrong_is_told_without_address_and_answer():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(NoAnswer) as failure:
        ask(Guard(LOOPBACK), Request("POST", f"http://127.0.0.1:{port}/token-in-the-path"))
    assert str(failure.value) == "it cannot be reached (ConnectionRefusedError)"


def test_t67_proxies_of_the_environment_are_not_asked(receiver, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert ask(Guard(LOOPBACK), Request("GET", f"http://127.0.0.1:{receiver.port}/x")).status == 200


def test_t68_only_listed_networks_are_opened_and_each_use_is_logged(receiver):
    guard = Guard(
        read_networks("127.0.0.1/32, fd12:3456::/48"), names(a_example=("127.0.0.1",), b_example=("127.0.0.2",))
    )
    with structlog.testing.capture_logs() as lines:
        assert ask(guard, Request("GET", f"http://a.example:{receiver.port}/x")).status == 200
    assert [(line["event"], line["network"], line["port"]) for line in lines] == [
        ("outbound_opened", "127.0.0.1/32", receiver.port)
    ]
    for url in ("https://b.example/x", "https://[fd12:3457::1]/x", "https://[::ffff:127.0.0.1]/x", "https://10.0.0.1/"):
        refused(url, guard)
    assert guard.check("http://[fd12:3456::1]/x")


@pytest.mark.parametrize("text", ["10.0.0.1/8", "everything", "10.0.0.0/33", "*"])
def test_t68_networks_that_are_none_are_told_at_once(text):
    with pytest.raises(AppError, check=lambda error: error.code == "bad_setting"):
        read_networks(text)


def test_the_name_is_told_and_checked_by_tls_although_the_address_is_pinned(tls_receiver, certificate):
    guard = Guard(LOOPBACK, names(hooks_example=("127.0.0.1",), other_example=("127.0.0.1",)))
    url = f"https://hooks.example:{tls_receiver.port}/x"
    assert ask(guard, Request("POST", url), tls=certificate[0]).status == 200
    assert tls_receiver.names == ["hooks.example"]
    with pytest.raises(NoAnswer, match="its certificate is not trusted"):
        ask(guard, Request("POST", url))
    with pytest.raises(NoAnswer, match="its certificate is not trusted"):
        ask(guard, Request("POST", url.replace("hooks", "other")), tls=certificate[0])
    assert len(tls_receiver.got) == 1


def test_the_next_address_is_asked_where_one_does_not_answer(receiver):
    guard = Guard(read_networks("127.0.0.0/8, ::1/128"), names(hooks_example=("::1", "127.0.0.1")))
    assert ask(guard, Request("GET", f"http://hooks.example:{receiver.port}/204")).status == 204


def test_a_name_that_nobody_knows_is_no_answer():
    with pytest.raises(NoAnswer, match="not known"):
        Guard(resolve=names(hooks_example=())).check("https://hooks.example/x")
