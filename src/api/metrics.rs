//! Figures in the text format of Prometheus (version 0.0.4,
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>). They count; they say nothing of whom and of what.

use std::fmt::Write as _;

use super::answers::{Status, TransportStatus};

/// What the text is.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Puts the text together, one family of figures after the other.
#[derive(Default)]
struct Text(String);

impl Text {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        writeln!(self.0, "# HELP bitpie_{name} {help}\n# TYPE bitpie_{name} {kind}").expect("a text takes all");
    }

    /// A figure, with a label if it has one. What stands in labels are words of this program, which need no escapes.
    fn figure(&mut self, name: &str, label: Option<(&str, &str)>, value: impl std::fmt::Display) {
        let label = label.map(|(name, value)| format!("{{{name}=\"{value}\"}}")).unwrap_or_default();
        writeln!(self.0, "bitpie_{name}{label} {value}").expect("a text takes all");
    }

    fn gauge(&mut self, name: &str, help: &str, value: impl std::fmt::Display) {
        self.family(name, "gauge", help);
        self.figure(name, None, value);
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.family(name, "counter", help);
        self.figure(name, None, value);
    }

    fn counters<'a>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (&'a String, &'a u64)>,
    ) {
        self.family(name, "counter", help);
        for (of, value) in values {
            self.figure(name, Some((label, of)), value);
        }
    }

    fn of_transports(&mut self, name: &str, help: &str, of: &[TransportStatus], value: fn(&TransportStatus) -> u64) {
        self.family(name, "counter", help);
        for transport in of {
            self.figure(name, Some(("transport", transport.name.as_str())), value(transport));
        }
    }
}

/// The figures of a node.
#[must_use]
pub fn text(status: &Status) -> String {
    let mut text = Text::default();
    text.family("info", "gauge", "The program; always 1.");
    text.figure("info", Some(("version", &status.version)), 1);
    text.gauge(
        "start_time_seconds",
        "When the node was started, in seconds since 1970.",
        seconds(status.started_unix_ms),
    );
    text.family("sessions", "gauge", "Sessions with other nodes that are ready, by who opened them.");
    text.figure("sessions", Some(("direction", "incoming")), status.sessions.incoming);
    text.figure("sessions", Some(("direction", "outgoing")), status.sessions.outgoing);
    text.gauge("sessions_half_open", "Sessions that are not ready yet.", status.sessions.half_open);
    let transports = &status.transports;
    text.of_transports("received_bytes_total", "Bytes of frames received.", transports, |it| it.traffic.bytes_in);
    text.of_transports("sent_bytes_total", "Bytes of frames sent.", transports, |it| it.traffic.bytes_out);
    text.of_transports("received_frames_total", "Frames received.", transports, |it| it.traffic.frames_in);
    text.of_transports("sent_frames_total", "Frames sent.", transports, |it| it.traffic.frames_out);
    let counters = &status.counters;
    text.counter("received_packets_total", "Packets that came in through the gateway.", counters.packets_in);
    text.counter("sent_packets_total", "Packets that went out through the gateway.", counters.packets_out);
    text.counter("violations_total", "What peers did that the protocol does not allow.", counters.violations);
    text.counters("refusals_total", "What this node refused.", "reason", &counters.refusals);
    text.counters("refused_by_peers_total", "What others refused this node.", "reason", &counters.refused_by_peers);
    text.counters("sessions_ended_total", "Sessions that ended.", "reason", &counters.sessions_ended);
    text.gauge(
        "dht_joined",
        "Whether the node is in the distributed hash table.",
        u8::from(status.dht.state == "JOINED"),
    );
    text.family("services", "gauge", "Services, by their state.");
    for (state, count) in &status.services {
        text.figure("services", Some(("state", state)), count);
    }
    text.gauge("relay_circuits", "Sessions of others that this node relays now.", status.relay.carries);
    text.0
}

fn seconds(milliseconds: u64) -> String {
    format!("{}.{:03}", milliseconds / 1_000, milliseconds % 1_000)
}
