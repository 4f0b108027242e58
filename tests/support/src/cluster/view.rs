//! What one node says of the cluster: CLUSTER NODES, read.

/// A line of CLUSTER NODES.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The node id.
    pub id: String,
    /// Its port, by which a node is known before its id is.
    pub port: u16,
    /// myself, master, slave, fail, fail?, handshake, …
    pub flags: Vec<String>,
    /// The id of its primary, if it is a replica.
    pub primary: Option<String>,
    /// The ranges of slots it serves.
    pub slots: Vec<(u16, u16)>,
}

impl Line {
    /// Whether a flag stands on it.
    pub fn is(&self, flag: &str) -> bool {
        self.flags.iter().any(|own| own == flag)
    }

    /// How many slots it serves.
    pub fn slot_count(&self) -> usize {
        self.slots.iter().map(|&(first, last)| usize::from(last - first) + 1).sum()
    }
}

/// Reads the answer of CLUSTER NODES; lines that make no sense are left out.
pub fn parse(text: &str) -> Vec<Line> {
    text.lines().filter_map(line).collect()
}

fn line(text: &str) -> Option<Line> {
    let fields: Vec<&str> = text.split(' ').collect();
    let address = fields.get(1)?.split(['@', ',']).next()?;
    let slots = fields.get(8..).unwrap_or_default().iter().filter_map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some((first.parse().ok()?, last.parse().ok()?))
    });
    Some(Line {
        id: fields[0].to_string(),
        port: address.rsplit_once(':')?.1.parse().ok()?,
        flags: fields.get(2)?.split(',').map(str::to_string).collect(),
        primary: Some(fields.get(3)?.to_string()).filter(|id| id != "-"),
        slots: slots.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_with_and_without_slots() {
        let lines = parse(
            "aa 127.0.0.1:7001@17001,,tls-port=0 myself,master - 0 0 1 connected 0-9 11 [12->-bb]\n\
             bb 127.0.0.1:7002@17002 slave,fail? aa 0 0 1 connected\nrubbish\n",
        );
        assert_eq!(lines.len(), 2);
        assert_eq!((lines[0].port, lines[0].slot_count()), (7001, 11));
        assert!(lines[0].is("master") && lines[1].is("fail?"));
        assert_eq!(lines[1].primary.as_deref(), Some("aa"));
    }
}
