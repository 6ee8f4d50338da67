import CLinux

/// The memory of this very program.
package enum ProgramMemory {
    /// Lets go of code that only the start needed. A statically linked program carries all it could ever do, and the start
    /// goes through much of it.
    package static func letGoOfCode() { clinux_let_go_of_program_pages() }
}
