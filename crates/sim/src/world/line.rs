//! Lines between desktops and servers. Words on one line arrive in order or not at all; a line that broke may still hold words
//! that were said on it.

use baton_domain::Timestamp;
use baton_protocol::{ClientMessage, ServerMessage};

use super::{Happening, LineId, World};

/// A line.
#[derive(Debug)]
pub struct Line {
    pub(super) desk: usize,
    pub(super) server: usize,
    /// Whether the desktop's end is up.
    pub(super) near: bool,
    /// Whether the server's end is up.
    pub(super) far: bool,
    /// Words said on it come this late at the earliest: it broke, and the network holds them.
    lingers_until: Option<Timestamp>,
    last_said: Timestamp,
    last_heard: Timestamp,
}

impl World {
    /// A new line; the desktop's side is up at once.
    pub(super) fn open_line(&mut self, desk: usize, server: usize) -> LineId {
        let id = self.made_up();
        let now = self.now();
        let line = Line {
            desk,
            server,
            near: true,
            far: true,
            lingers_until: None,
            last_said: now,
            last_heard: now,
        };
        self.lines.insert(id, line);
        id
    }

    fn delay(&mut self, desk: usize) -> i64 {
        let slow = self
            .desks
            .get(desk)
            .is_some_and(|desk| desk.lag_until > self.agenda.now());
        if slow {
            self.chance.between(400, 2500)
        } else {
            self.chance.between(2, 40)
        }
    }

    /// A desktop says something on its line.
    pub(super) fn say_to_server(&mut self, desk: usize, message: ClientMessage) {
        let Some(id) = self.desks.get(desk).and_then(|desk| desk.line) else {
            return;
        };
        let delay = self.delay(desk);
        let now = self.now();
        let Some(line) = self.lines.get_mut(&id).filter(|line| line.near) else {
            return;
        };
        line.last_said = line.last_said.max(now.plus_ms(delay));
        let at = line.last_said;
        self.agenda.at(
            at,
            Happening::Said {
                line: id,
                message: Box::new(message),
            },
        );
    }

    /// A server says something on a line.
    pub(super) fn say_to_desk(&mut self, id: LineId, message: ServerMessage) {
        let Some(desk) = self.lines.get(&id).filter(|line| line.far).map(|line| line.desk) else {
            return;
        };
        let delay = self.delay(desk);
        let now = self.now();
        if let Some(line) = self.lines.get_mut(&id) {
            line.last_heard = line.last_heard.max(now.plus_ms(delay));
            let at = line.last_heard;
            self.agenda.at(
                at,
                Happening::Heard {
                    line: id,
                    message: Box::new(message),
                },
            );
        }
    }

    /// Words arrive at a server.
    pub(super) fn said(&mut self, id: LineId, message: ClientMessage) {
        let now = self.now();
        let Some(line) = self.lines.get_mut(&id).filter(|line| line.far) else {
            return;
        };
        if let Some(until) = line.lingers_until.filter(|until| *until > now) {
            line.last_said = line.last_said.max(until);
            let at = line.last_said;
            self.agenda.at(
                at,
                Happening::Said {
                    line: id,
                    message: Box::new(message),
                },
            );
            return;
        }
        let (desk, near) = (line.desk, line.near);
        if near && self.cut(desk) {
            return;
        }
        self.session_hears(id, message);
    }

    /// Words arrive at a desktop.
    pub(super) fn heard(&mut self, id: LineId, message: ServerMessage) {
        let Some(desk) = self.lines.get(&id).filter(|line| line.near).map(|line| line.desk) else {
            return;
        };
        if self.cut(desk) || self.desks.get(desk).is_none_or(|desk| desk.line != Some(id)) {
            return;
        }
        self.desk_hears(desk, message);
    }

    /// Whether a desktop is cut off.
    pub(super) fn cut(&self, desk: usize) -> bool {
        self.desks
            .get(desk)
            .is_none_or(|desk| desk.unplugged || desk.partition_until > self.agenda.now())
    }

    /// A desktop's line breaks. What the server said is lost; what the desktop said is lost too, unless it lingers.
    pub(super) fn break_line(&mut self, desk: usize, lingers_ms: Option<i64>) {
        let Some(id) = self.desks.get(desk).and_then(|desk| desk.line) else {
            return;
        };
        let now = self.now();
        if let Some(line) = self.lines.get_mut(&id) {
            line.near = false;
            match lingers_ms {
                Some(ms) => {
                    line.lingers_until = Some(now.plus_ms(ms));
                    self.agenda
                        .after(ms.saturating_add(3000), Happening::Hangup { line: id });
                }
                None => self.hung_up(id),
            }
        }
        self.agenda.after(20, Happening::LineGone { desk, line: id });
    }

    /// A server's end of a line is gone.
    pub(super) fn hung_up(&mut self, id: LineId) {
        let Some(line) = self.lines.get_mut(&id) else { return };
        line.far = false;
        let (desk, server, near) = (line.desk, line.server, line.near);
        self.end_session(server, id);
        if near {
            self.agenda.after(20, Happening::LineGone { desk, line: id });
        } else {
            self.lines.remove(&id);
        }
    }

    /// The desktop itself lets its line go.
    pub(super) fn drop_line(&mut self, desk: usize) {
        let Some(id) = self.desks.get_mut(desk).and_then(|desk| desk.line.take()) else {
            return;
        };
        if let Some(line) = self.lines.get_mut(&id) {
            line.near = false;
        }
        self.agenda.after(30, Happening::Hangup { line: id });
    }
}
