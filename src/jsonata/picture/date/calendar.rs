//! Instants and their parts, as JavaScript's `Date` has them. A time that does not exist is not a number, and so are its
//! parts.

pub(super) const DAY: f64 = 86_400_000.0;

/// The furthest instants from the epoch.
const MAX_MILLIS: f64 = 8.64e15;

/// What a letter in a picture means, of an instant.
#[derive(Clone, Copy)]
pub(super) struct Instant(pub(super) f64);

impl Instant {
    /// Milliseconds, cut toward zero.
    pub(super) fn new(millis: f64) -> Instant {
        Instant(if millis.abs() <= MAX_MILLIS { millis.trunc() + 0.0 } else { f64::NAN })
    }

    /// `Date.UTC`: months count from zero, years below 100 are those of the twentieth century, and what is out of range
    /// carries over.
    pub(super) fn of(year: f64, month: f64, day: f64, millis: f64) -> Instant {
        let year = if (0.0..=99.0).contains(&year.trunc()) { 1900.0 + year.trunc() } else { year };
        if ![year, month, day, millis].iter().all(|part| part.is_finite()) || year.abs() > 1e6 || month.abs() > 1e6 {
            return Instant(f64::NAN);
        }
        let (year, month) = (year.trunc() as i64, month.trunc() as i64);
        let days = days_before(year + month.div_euclid(12), month.rem_euclid(12)) as f64 + day.trunc() - 1.0;
        Instant::new(days * DAY + millis)
    }

    /// Year, month from 1, and day.
    fn date(self) -> [f64; 3] {
        if self.0.is_nan() {
            return [f64::NAN; 3];
        }
        date_of((self.0 / DAY).floor() as i64).map(|part| part as f64)
    }

    pub(super) fn month(self) -> f64 {
        self.date()[1]
    }

    pub(super) fn day(self) -> f64 {
        self.date()[2]
    }

    /// Hours within the day.
    pub(super) fn hours(self) -> f64 {
        (self.within_day() / 3_600_000.0).floor()
    }

    fn within_day(self) -> f64 {
        self.0.rem_euclid(DAY)
    }

    /// The day of the week, Sunday as 7.
    fn weekday(self) -> f64 {
        ((self.0 / DAY).floor() + 3.0).rem_euclid(7.0) + 1.0
    }

    /// The number for a component; `None` if it has none.
    pub(super) fn number(self, component: char) -> Option<f64> {
        let [year, month, day] = self.date();
        let of_year = Month { year, month: 0.0 };
        let of_month = Month { year, month: month - 1.0 };
        let today = Instant::of(year, month - 1.0, day, 0.0).0;
        Some(match component {
            'Y' => year,
            'M' => month,
            'D' => day,
            'd' => (today - Instant::of(year, 0.0, 1.0, 0.0).0) / DAY + 1.0,
            'F' => self.weekday(),
            'W' => week(today, of_year.first_week(), 52.0, of_year.next_year(), of_year.previous_year()),
            'w' => week(today, of_month.first_week(), 4.0, of_month.next(), of_month.previous()),
            'X' => match self.0 {
                now if now < of_year.first_week() => year - 1.0,
                now if now >= of_year.next_year().first_week() => year + 1.0,
                _ => year,
            },
            'x' => match self.0 {
                now if now < of_month.first_week() => of_month.previous().month + 1.0,
                now if now >= of_month.next().first_week() => of_month.next().month + 1.0,
                _ => month,
            },
            'H' => self.hours(),
            'h' => match self.hours() % 12.0 {
                0.0 => 12.0,
                hours => hours,
            },
            'm' => (self.within_day() / 60_000.0).floor() % 60.0,
            's' => (self.within_day() / 1000.0).floor() % 60.0,
            'f' => self.within_day() % 1000.0,
            _ => return None,
        })
    }
}

/// A month of a year, counted from zero; also a year, by its first month.
#[derive(Clone, Copy)]
struct Month {
    year: f64,
    month: f64,
}

impl Month {
    /// Where the first week begins: that of the first Thursday, from Monday.
    fn first_week(self) -> f64 {
        let first = Instant::of(self.year, self.month, 1.0, 0.0);
        let weekday = first.weekday();
        first.0 + if weekday > 4.0 { 8.0 - weekday } else { 1.0 - weekday } * DAY
    }

    fn next(self) -> Month {
        let Month { year, month } = self;
        if month == 11.0 { Month { year: year + 1.0, month: 0.0 } } else { Month { year, month: month + 1.0 } }
    }

    fn previous(self) -> Month {
        let Month { year, month } = self;
        if month == 0.0 { Month { year: year - 1.0, month: 11.0 } } else { Month { year, month: month - 1.0 } }
    }

    fn next_year(self) -> Month {
        Month { year: self.year + 1.0, ..self }
    }

    fn previous_year(self) -> Month {
        Month { year: self.year - 1.0, ..self }
    }
}

/// The number of the week in a year or month.
fn week(today: f64, first_week: f64, most: f64, next: Month, previous: Month) -> f64 {
    let weeks_since = |start: f64| (today - start) / (7.0 * DAY) + 1.0;
    let mut week = weeks_since(first_week);
    if week > most {
        if today >= next.first_week() {
            week = 1.0;
        }
    } else if week < 1.0 {
        week = weeks_since(previous.first_week());
    }
    week.floor()
}

/// Days from the epoch to the first of a month, counted from zero.
fn days_before(year: i64, month: i64) -> i64 {
    // Years that begin in March: a leap day is their last.
    let (year, month) = if month < 2 { (year - 1, month + 10) } else { (year, month - 2) };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * month + 2) / 5 - 719_468
}

/// Year, month from 1, and day.
fn date_of(days: i64) -> [i64; 3] {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    [era * 400 + year_of_era + i64::from(month <= 2), month, day]
}
