import Testing

@testable import AgentLog

struct NoticeMemoryTests {
    @Test func whatStaysAsItIsIsToldOnce() {
        let memory = NoticeMemory()
        #expect(memory.isNews("lb", "waiting for 3 s"))
        memory.passEnded()
        #expect(!memory.isNews("lb", "waiting for 7 s"))
        #expect(memory.isNews("lb", "refused"))
        memory.passEnded()
        memory.passEnded()
        #expect(memory.isNews("lb", "waiting for 7 s"))
    }
}
