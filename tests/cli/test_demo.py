import socket


def test_a_taken_port_is_said_before_the_work_and_nothing_is_made(closeloop, folder, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setenv("CLOSELOOP_PORT", str(other.getsockname()[1]))
        told = closeloop("demo", "--no-keep", code=3).stderr
    assert "CLOSELOOP_PORT" in told
    assert "Traceback" not in told
    assert not folder.exists()


def test_a_directory_that_the_demo_did_not_make_is_left_alone(closeloop, folder, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as free:
        monkeypatch.setenv("CLOSELOOP_PORT", str(free.getsockname()[1]))
    (folder / "demo").mkdir(parents=True)
    (folder / "demo" / "mine.txt").write_text("mine")
    assert "did not make" in closeloop("demo", "--no-keep", code=1).stderr
    assert (folder / "demo" / "mine.txt").read_text() == "mine"
