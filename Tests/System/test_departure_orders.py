"""What a node does that is told to leave: open sessions, orders that change, mail that stays, and the commands' words."""

import time

import pytest

import departure
from departure import SLACK, TIMEOUT, back, pair  # noqa: F401
from departure_conditions import rate_delay, without_other
from departure_ends import ENDS


@pytest.mark.parametrize("pause", [0.02, 3])
def test_a_session_that_stays_open_is_answered_421_before_the_queue_counts_as_empty(pair, pause):
    """A sender goes on sending on its one connection: what it was answered 250 has left the node, and nothing else has."""
    lab = pair.lab
    lab.sink_down()
    order = departure.sending(lab, pair.leaving.address, count=4000, pause=pause)
    time.sleep(max(1, 2 * pause))
    end = ENDS["drain"](pair)
    end.begin()
    end.wait(TIMEOUT + SLACK)
    accepted, last = order.finish()
    assert accepted and "(421, b'4.3.2 " in last and "this relay is leaving, please try again" in last
    assert pair.queued(pair.leaving) == 0
    arrived = pair.deliver(accepted)
    assert {mail["client"] for mail in arrived} == {pair.other.address}


def test_the_last_node_tries_until_the_deadline_and_names_what_stays(pair):
    relay = pair.leaving
    with without_other(pair):
        pair.fill(3)
        cursor = pair.mark()
        end = ENDS["scale-in"](pair)
        end.begin()
        end.wait(TIMEOUT + SLACK)
        assert end.seconds > TIMEOUT * 0.8
        assert end.result == "ABANDON"
        log = pair.log(cursor)
        assert "3 messages are still queued here: 3 for example.net" in log
        drain = pair.status()["drain"]
        assert (drain["phase"], drain["left"]["waiting"]) == ("hook answered", 3)
        metrics = relay.shell("curl -s http://127.0.0.1/metrics")
        assert 'smtp_relay_agent_departure_messages_left{state="waiting"} 3' in metrics
        assert 'smtp_relay_agent_departure_messages_left_by_domain{domain="example.net"} 3' in metrics
        assert "left behind" in relay.agent("status").stdout


def test_a_pace_for_receivers_keeps_no_mail_on_the_disk_of_the_last_node(pair):
    with without_other(pair), rate_delay(pair):
        subjects = pair.fill(120)
        pair.lab.sink_up()
        end = ENDS["drain"](pair)
        end.begin()
        end.wait(TIMEOUT + SLACK)
        assert end.result.returncode == 0
        assert pair.queued(pair.leaving) == 0
        pair.deliver(subjects)


def test_mail_on_hold_is_named_and_handed_to_nobody(pair):
    relay = pair.leaving
    pair.fill(2)
    # A message that is just being tried is in none of the folders where it can be held.
    deferred = "find /var/spool/postfix/deferred -type f"
    relay.wait_until(f"test $({deferred} | wc -l) -ge 2", 30, "both messages in the deferred queue")
    relay.shell(f"postsuper -h $({deferred} -printf '%f\\n' | head -1)")
    end = ENDS["drain"](pair)
    end.begin()
    end.wait(TIMEOUT + SLACK)
    assert end.result.returncode == 1
    assert "0 messages are still queued here, and 1 on hold" in end.result.stdout
    assert pair.queued(relay, hold=True) == 1


def test_a_queue_on_a_volume_of_its_own_is_emptied(pair):
    relay = pair.leaving
    drop_in = "/etc/systemd/system/postfix.service.d/queue.conf"
    move = "systemctl daemon-reload; systemctl restart postfix && smtp-relay-agent reconcile"
    relay.write(drop_in, "[Service]\nPIDFile=/data/postfix/pid/master.pid\n")
    relay.shell(f"systemctl stop postfix; mkdir -p /data/postfix; postconf -e queue_directory=/data/postfix; {move}", timeout=120)
    pair.lab.wait_for_backend(relay, "UP", 30)
    try:
        pair.lab.sink_down()
        subjects = pair.lab.submit(relay, 10)
        assert pair.queued(relay, "/data/postfix") == 10
        end = ENDS["scale-in"](pair)
        end.begin()
        end.wait(TIMEOUT + SLACK)
        assert pair.queued(relay, "/data/postfix") == 0
        pair.deliver(subjects)
    finally:
        pair.back()
        relay.shell(f"systemctl stop postfix; rm {drop_in}; postconf -X queue_directory; {move}", timeout=120)


def test_undrain_during_a_drain_wins_and_says_so(pair):
    lab, relay = pair.lab, pair.leaving
    lab.sink_down()
    with without_other(pair):
        lab.submit(relay, 3)
        end = ENDS["drain"](pair)
        end.begin()
        # It is at its queue, which nobody takes.
        relay.wait_until("smtp-relay-agent status | tr -s ' \\n' ' ' | grep -qE 'drained.*(flushed|handing over)'", 40, "the queue's turn")
        began = time.monotonic()
        back = relay.agent("undrain")
        assert time.monotonic() - began < 30
        assert back.returncode == 0, back.stdout
        end.wait(30)
        assert end.result.returncode == 1
        assert "'undrain' has the last word" in end.result.stdout
        lab.wait_for_backend(relay, "UP", 5)
        assert "master_service_disable" not in relay.shell("postconf -n")
        assert lab.try_relay(relay.address, inside=True).startswith("250")


def test_a_termination_gives_a_drained_node_its_time_anew(pair):
    relay = pair.leaving
    drained = relay.agent("drain")
    assert drained.returncode == 0, drained.stdout
    pair.lab.sink_down()
    # Its doors are closed, so this is what the node itself sends.
    relay.shell("for i in 1 2 3; do printf 'Subject: own %s\\n\\nHello\\n' $i | sendmail someone@example.net; done")
    relay.wait_until("[ $(find /var/spool/postfix/deferred -type f | wc -l) = 3 ]", 20, "three deferred mails")
    end = ENDS["scale-in"](pair)
    end.begin()
    end.wait(TIMEOUT + SLACK)
    assert pair.queued(relay) == 0
    assert end.result == "CONTINUE"


@pytest.mark.parametrize("state", ["Standby", "Warmed:Running"])
def test_a_node_in_standby_leaves_and_comes_back_with_its_state(pair, state):
    lab, relay = pair.lab, pair.leaving
    lab.set_metadata(relay, departure.TARGET, state)
    lab.wait_for_backend(relay, None, 40)
    relay.wait_until("grep -q doneAt /run/smtp-relay-agent/drain.json", 20, "the end of leaving")
    lab.set_metadata(relay, departure.TARGET, "InService")
    lab.wait_for_backend(relay, "UP", 40)


def test_a_hibernated_spot_instance_comes_back_when_its_notice_is_gone(pair):
    lab, relay = pair.lab, pair.leaving
    end = ENDS["spot"](pair)
    end.begin()
    end.wait(TIMEOUT + SLACK)
    lab.set_metadata(relay, departure.SPOT, None)
    lab.wait_for_backend(relay, "UP", 40)
    # The next one is news.
    end.begin()
    end.wait(TIMEOUT + SLACK)


def test_a_load_balancer_that_is_not_in_the_settings_any_more_is_left(pair):
    lab, relay = pair.lab, pair.leaving
    began = time.time()
    relay.shell(f"sed -i 's/classic = .*/classic = []/' {departure.CONFIG}")
    done = relay.agent("reconcile")
    assert done.returncode == 0, done.stdout
    lab.wait_for_backend(relay, None, 5)
    assert "leave load balancer smtp-relay, which the settings do not name any more" in done.stdout + relay.agent_log(began)
    calls = len(lab.api_calls(relay))
    assert relay.agent("reconcile").returncode == 0
    assert "DeregisterInstancesFromLoadBalancer" not in lab.api_calls(relay)[calls:]


def test_commands_say_what_has_happened(pair):
    relay = pair.leaving
    assert relay.agent("drain").returncode == 0
    again = relay.agent("bootstrap", timeout=120)
    assert again.returncode == 1 and "the node is not in service: it was told to leave (by hand)" in again.stdout
    assert relay.agent("reconcile").returncode == 0


def test_a_spot_interruption_takes_the_place_of_a_drain_by_hand_at_once(pair):
    """The drain may go on for an hour, and EC2 waits two minutes: whoever waits by hand hears so, and the agent goes on."""
    lab, relay = pair.lab, pair.leaving
    pair.configure(relay, "")
    relay.shell(f"sed -i 's/drain_timeout = .*/drain_timeout = \"1h\"/' {departure.CONFIG}")
    with without_other(pair):
        subjects = pair.fill(3)
        drain = ENDS["drain"](pair)
        drain.begin()
        relay.wait_until("smtp-relay-agent status | tr -s ' \\n' ' ' | grep -qE 'drained.*(flushed|handing over)'", 40, "the queue's turn")
        spot = ENDS["spot"](pair)
        spot.begin(seconds=60)
        drain.wait(30)
        assert drain.result.returncode == 1
        assert "gave way to another one, and the agent goes on by that: a spot interruption" in drain.result.stdout
        relay.wait_until("smtp-relay-agent status | tr -s ' \\n' ' ' | grep -qE 'interruption.*(flushed|handing over)'", 30, "the queue's turn")
    spot.wait(65)
    assert spot.seconds < 60
    assert pair.queued(relay) == 0
    pair.deliver(subjects)


def test_settings_for_one_time_take_a_node_out_of_nothing(pair):
    lab, relay = pair.lab, pair.leaving
    calls = len(lab.api_calls(relay))
    done = relay.agent("reconcile", "--set", "load_balancer.classic=")
    assert done.returncode == 0, done.stdout
    assert "DeregisterInstancesFromLoadBalancer" not in lab.api_calls(relay)[calls:]
    lab.wait_for_backend(relay, "UP", 5)


@pytest.mark.parametrize("signal", ["KILL", "TERM"])
def test_a_departure_that_is_cut_off_goes_on_where_it_stopped(pair, signal):
    relay = pair.leaving
    with without_other(pair):
        subjects = pair.fill(5)
        end = ENDS["scale-in"](pair)
        end.begin()
        relay.wait_until("grep -q 'flushed\\|handing over' /run/smtp-relay-agent/drain.json", 40, "the queue's turn")
        before = end.order()
        cursor = pair.mark()
        relay.shell(f"systemctl kill -s {signal} --kill-whom=main smtp-relay-agent; systemctl start smtp-relay-agent")
        relay.wait_until(f"journalctl -u smtp-relay-agent -o cat --after-cursor='{cursor}' | grep -q 'Started\\|started'", 30,
                         "another agent")
    end.wait(TIMEOUT + SLACK)
    # It is the same order, whose time went on meanwhile.
    assert (end.order()["since"], end.order()["reason"]) == (before["since"], before["reason"])
    assert end.seconds < TIMEOUT + SLACK
    assert pair.queued(relay) == 0
    assert end.result == "CONTINUE"
    pair.deliver(subjects)


def test_a_node_that_is_back_answers_no_session_421(pair):
    relay = pair.leaving
    assert relay.agent("drain").returncode == 0
    assert "421" in relay.shell("cat /etc/postfix/leaving_table")
    assert relay.agent("undrain").returncode == 0
    assert "421" not in relay.shell("cat /etc/postfix/leaving_table")
    assert pair.lab.try_relay(relay.address, inside=True).startswith("250")
