/// The English names of the months, as HTTP and syslog write them.
package enum EnglishMonth {
    /// `Jan` to `Dec`, in their order.
    package static let abbreviations: [Substring] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
