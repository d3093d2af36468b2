package twin

// NoteMemory records how much memory the firmware has, in bytes; the most ever is the high-water mark. It is for
// what runs firmware and can tell.
func (hw *Hardware) NoteMemory(bytes int64) {
	if hw.enter() != nil {
		return
	}
	defer hw.t.unlock()
	hw.t.heapMax = max(hw.t.heapMax, bytes)
}
