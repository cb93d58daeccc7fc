//! Values of one type as values of another, without loss.

use super::{Date, Decimal, Float, Json, Number, ParseValueError, Type, Value, parse_decimal};

/// Why a value has no counterpart in another type. The message completes “… is no valid value: ”.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CastError {
    /// The value's text is no value of the type.
    #[error(transparent)]
    Parse(#[from] ParseValueError),
    /// The type has no value that is exactly this one.
    #[error("no value of type {ty} is exactly this one")]
    Inexact {
        /// The type.
        ty: Type,
    },
    /// A date can't keep a time of day.
    #[error("it has a time of day")]
    TimeOfDay,
    /// A file comes to be by an upload only.
    #[error("a file can't be made of another value")]
    File,
}

impl Value {
    /// The value as one of another type. Null stays null.
    ///
    /// Numbers are converted by value and only where none is lost, true and false are 1 and 0, a date is the timestamp of
    /// its midnight in UTC; everything else goes by the text, which [`Type::parse`] reads as that of the other type. So
    /// the empty text becomes null.
    ///
    /// # Errors
    /// The other type has no such value.
    pub fn cast(&self, ty: Type) -> Result<Self, CastError> {
        let inexact = CastError::Inexact { ty };
        Ok(match (self, ty) {
            (Self::Null, _) => Self::Null,
            (value, _) if value.ty() == Some(ty) => value.clone(),
            (_, Type::File) => return Err(CastError::File),
            (value, Type::Text) => Self::Text(value.to_string()),
            (Self::Boolean(value), Type::Integer | Type::Decimal | Type::Float) => {
                Self::Integer(i64::from(*value)).cast(ty)?
            }
            (Self::Integer(number), Type::Decimal) => Self::Decimal(Decimal::new(Number::from(*number))),
            (Self::Integer(number), Type::Float) => {
                let float = *number as f64;
                let is_same = float as i128 == i128::from(*number);
                Self::Float(Float::new(float).filter(|_| is_same).ok_or(inexact)?)
            }
            (Self::Decimal(number), Type::Integer) => {
                let number = number.number();
                let whole = if number.scale() == 0 { i64::try_from(number.mantissa()).ok() } else { None };
                Self::Integer(whole.ok_or(inexact)?)
            }
            (Self::Decimal(number), Type::Float) => {
                let float: Float = number.to_string().parse()?;
                Self::Float(Some(float).filter(|float| decimal(*float) == Ok(self.clone())).ok_or(inexact)?)
            }
            (Self::Float(number), Type::Integer) => {
                const LIMIT: f64 = 9_223_372_036_854_775_808.0;
                let number = number.number();
                let is_whole = number.fract() == 0.0 && (-LIMIT..LIMIT).contains(&number);
                Self::Integer(Some(number as i64).filter(|_| is_whole).ok_or(inexact)?)
            }
            (Self::Float(number), Type::Decimal) => decimal(*number)?,
            (Self::Timestamp(moment), Type::Date) => {
                let days = moment.micros().div_euclid(crate::calendar::DAY);
                let is_midnight = moment.micros().rem_euclid(crate::calendar::DAY) == 0;
                let date = i32::try_from(days).ok().and_then(Date::from_days).filter(|_| is_midnight);
                Self::Date(date.ok_or(CastError::TimeOfDay)?)
            }
            (Self::Integer(_) | Self::Decimal(_) | Self::Float(_), Type::Json) => {
                let json: Json = self.to_string().parse()?;
                let back = self.ty().and_then(|ty| ty.parse(json.as_str()).ok());
                Self::Json(Some(json).filter(|_| back.as_ref() == Some(self)).ok_or(inexact)?)
            }
            (value, _) => ty.parse(&value.to_string())?,
        })
    }

    /// Whether both are the same or, where their types differ, each is what the other [casts](Value::cast) to. A column
    /// that got another type changed just those cells that are not the same in this sense.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        match (self.ty(), other.ty()) {
            (Some(one), Some(another)) if one != another => {
                self.cast(another).as_ref() == Ok(other) && other.cast(one).as_ref() == Ok(self)
            }
            _ => self == other,
        }
    }
}

/// The decimal number of the shortest text that reads back as this float.
fn decimal(number: Float) -> Result<Value, ParseValueError> {
    parse_decimal(&number.number().to_string())
}
