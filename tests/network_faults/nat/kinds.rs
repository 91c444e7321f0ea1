//! Kinds of routers, as RFC 4787 tells them apart, and what a bare UDP socket reaches behind each two of them.

use std::fmt;

/// What a router does with UDP. All of them pass on TCP that is opened from the inside, and none from the outside
/// except [`Kind::Open`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It translates nothing and forwards everything: the machine has a public address.
    Open,
    /// Endpoint-independent mapping and filtering: a full cone.
    Full,
    /// Endpoint-independent mapping, address-dependent filtering.
    Address,
    /// Endpoint-independent mapping, address- and port-dependent filtering: the usual home router.
    Port,
    /// Address- and port-dependent mapping and filtering.
    Symmetric,
    /// Linux masquerading without a firewall. It answers whatever comes unasked with ICMP, and remembers that flow. So
    /// if the other side's first packet arrives before ours leaves, ours gets another port than the one that others
    /// were told.
    Naive,
    /// As [`Kind::Port`], behind a second translation of that kind by the provider (RFC 6598).
    PortCgn,
    /// As [`Kind::Port`], and it maps ports for whoever asks by PCP (RFC 6887).
    PortPcp,
    /// UDP is dropped.
    NoUdp,
}

impl Kind {
    /// All of them, as the table lists them.
    pub const ALL: [Self; 9] = [
        Self::Open,
        Self::Full,
        Self::Address,
        Self::Port,
        Self::Symmetric,
        Self::Naive,
        Self::PortCgn,
        Self::PortPcp,
        Self::NoUdp,
    ];

    /// As it is written on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Full => "full",
            Self::Address => "address",
            Self::Port => "port",
            Self::Symmetric => "symmetric",
            Self::Naive => "naive",
            Self::PortCgn => "port+cgn",
            Self::PortPcp => "port+pcp",
            Self::NoUdp => "noudp",
        }
    }

    /// The kind of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether a hole can be punched between bare UDP sockets behind routers of these kinds: both know each other's
    /// outer address as one server sees it, both send at once, and both answer where packets come from. This was
    /// measured, and agrees with theory but for `naive`, which depends on who is first (see [`Kind::Naive`]): there
    /// the row's kind sends first.
    pub fn bare_socket_punches(self, other: Self) -> bool {
        let (row, other) = (self.towards_a_bare_socket(), other.towards_a_bare_socket());
        let Some(column) = BARE_COLUMNS.iter().position(|kind| *kind == other) else { return false };
        BARE.iter().any(|(kind, cells)| *kind == row && cells.as_bytes()[column] == b'y')
    }

    /// The provider's router does what the one before it does, and a bare socket asks for no mapping.
    const fn towards_a_bare_socket(self) -> Self {
        match self {
            Self::PortCgn | Self::PortPcp => Self::Port,
            kind => kind,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// The columns of [`BARE`], and of the table. Nothing comes to `noudp`, and what begins with `port` is as `port`.
pub const BARE_COLUMNS: [Kind; 6] = [Kind::Open, Kind::Full, Kind::Address, Kind::Port, Kind::Symmetric, Kind::Naive];

/// One letter a column: `y` if a hole can be punched.
const BARE: [(Kind, &str); 7] = [
    (Kind::Open, "yyyyyy"),
    (Kind::Full, "yyyyyy"),
    (Kind::Address, "yyyyyy"),
    (Kind::Port, "yyyynn"),
    (Kind::Symmetric, "yyynnn"),
    (Kind::Naive, "yyyynn"),
    (Kind::NoUdp, "nnnnnn"),
];

/// What befalls packets at all routers of a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Conditions {
    /// The share of UDP packets that each router drops.
    pub loss_percent: u8,
    /// How long a mapping of UDP lives without a packet; else 30 s, and 120 s once both sides have spoken.
    pub mapping_seconds: Option<u32>,
}

impl Conditions {
    /// How long a mapping lives, before and after the other side has answered.
    pub fn mapping_lifetimes_seconds(self) -> (u32, u32) {
        self.mapping_seconds.map_or((30, 120), |seconds| (seconds, seconds))
    }

    /// The rules of nftables for a router with the interface `wan`; a provider's router is one of kind `port`.
    pub fn rules(self, kind: Kind) -> String {
        let loss = match self.loss_percent {
            0 => String::new(),
            percent => format!("meta l4proto udp numgen random mod 100 < {percent} drop;"),
        };
        if kind == Kind::Open {
            return format!(
                "table ip filter {{
                    chain through {{ type filter hook forward priority filter; {loss} }}
                }}"
            );
        }
        // From a range, so that nobody takes the inner port for the outer one; without `random`, Linux gives one inner
        // socket the same outer port towards everybody.
        let (mut udp, mut own) = ("masquerade to :20000-29999", "iifname wan ct state new drop;");
        let (mut arrive, mut through) = ("", "");
        match kind {
            Kind::Full => arrive = "iifname wan meta l4proto udp dnat to udp dport map @owner;",
            Kind::Address => {
                arrive = "iifname wan meta l4proto udp ip saddr . udp dport @contacted dnat to udp dport map @owner;";
            }
            Kind::Symmetric => udp = "masquerade fully-random",
            Kind::Naive => (udp, own) = ("masquerade", ""),
            Kind::NoUdp => through = "meta l4proto udp drop;",
            Kind::Open | Kind::Port | Kind::PortCgn | Kind::PortPcp => {}
        }
        let (lifetime, _) = self.mapping_lifetimes_seconds();
        // `owner` says which host has which outer port, `contacted` whom it wrote to from there. Both are learnt from
        // packets that leave, and forgotten as a mapping is.
        let (learn, inner) = ("oifname wan meta l4proto udp ct direction", "ct original ip saddr");
        format!(
            "table ip nat {{
                map owner {{ type inet_service : ipv4_addr . inet_service; flags timeout; timeout {lifetime}s; }}
                set contacted {{ type ipv4_addr . inet_service; flags timeout; timeout {lifetime}s; }}
                chain leave {{
                    type nat hook postrouting priority srcnat;
                    fib saddr type local return
                    oifname wan meta l4proto udp {udp}
                    oifname wan masquerade
                }}
                chain learn {{
                    type filter hook postrouting priority srcnat + 10;
                    {learn} original update @owner {{ ct reply proto-dst : {inner} . ct original proto-src }}
                    {learn} original update @contacted {{ ip daddr . ct reply proto-dst }}
                    {learn} reply update @contacted {{ ip daddr . ct original proto-dst }}
                }}
                chain arrive {{ type nat hook prerouting priority dstnat; {arrive} }}
                chain through {{
                    type filter hook forward priority filter;
                    {through} {loss} iifname wan ct state new ct status & dnat == 0 drop;
                }}
                chain own {{ type filter hook input priority filter; {own} }}
            }}"
        )
    }
}
