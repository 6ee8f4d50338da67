/// `[fleet]`: the settings for the whole fleet.
package struct FleetSettings: Sendable, Equatable {
    package var place: FleetPlace
    /// The time between two readings.
    package var interval: Duration

    package init(place: FleetPlace, interval: Duration = .seconds(300)) {
        self.place = place
        self.interval = interval
    }
}
