package flash

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
)

// Errors of a Store.
var (
	// ErrEmpty means that nothing was saved yet, or that nothing saved is left whole.
	ErrEmpty = errors.New("flash: nothing is stored")
	// ErrTooLarge means that a value does not fit into one erase block with its header.
	ErrTooLarge = errors.New("too large for an erase block")
)

// A record is a header of 16 bytes, the value, and 0xFF up to a multiple of the write size:
//
//	0  magic, so that no header looks like erased flash
//	4  sequence, one more than that of the record before; it wraps
//	8  length of the value
//	12 CRC-32 (IEEE 802.3) of sequence, length and value
//
// All numbers are little-endian. A record is one write, so that a cut leaves a prefix of it, whose
// checksum is wrong or whose rest was 0xFF anyway.
const (
	headerSize = 16
	magic      = 0x72_6F_74_53 // "Stor"
)

// Store keeps one value in flash such that a power cut at any byte leaves the old value or the new
// one. It appends records within an erase block; when the block is full, or holds a torn record, it
// erases the next one and goes on there, so the newest whole record is never erased. It is not safe for
// concurrent use.
type Store struct {
	flash  *Flash
	off    int64
	blocks int
}

// NewStore returns the store in the blocks (at least two) erase blocks of f from off, a multiple of the
// erase block. It neither reads nor writes yet; what an earlier store left there is found again.
func NewStore(f *Flash, off int64, blocks int) (*Store, error) {
	if blocks < 2 {
		return nil, fmt.Errorf("flash: a store of %d erase blocks; it needs 2, one of which holds the value while the other is erased", blocks)
	}
	if err := f.check("store", off, int64(blocks)*f.EraseBlock()); err != nil {
		return nil, err
	}
	if off%f.EraseBlock() != 0 {
		return nil, fmt.Errorf("flash: store at %#x: %w to blocks of %d bytes", off, ErrAlignment, f.EraseBlock())
	}
	return &Store{flash: f, off: off, blocks: blocks}, nil
}

// Load returns the value saved last, which is the caller's, or ErrEmpty.
func (s *Store) Load() ([]byte, error) {
	at, err := s.find()
	if err != nil {
		return nil, err
	}
	if !at.found {
		return nil, ErrEmpty
	}
	return at.value, nil
}

// Save stores value. When it returns nil, value is what Load returns from now on; when it fails, that
// is the old value or the new one.
func (s *Store) Save(value []byte) error {
	at, err := s.find()
	if err != nil {
		return err
	}
	record := s.encode(at.sequence+1, value)
	if int64(len(record)) > s.flash.EraseBlock() {
		return fmt.Errorf("flash: store %d bytes: %w of %d bytes, %d of them the header", len(value), ErrTooLarge, s.flash.EraseBlock(), headerSize)
	}
	block, free := at.block, at.free
	if int64(len(record)) > s.flash.EraseBlock()-free {
		block, free = (block+1)%s.blocks, 0
		if err := s.flash.Erase(s.address(block), s.flash.EraseBlock()); err != nil {
			return err
		}
	}
	_, err = s.flash.WriteAt(record, s.address(block)+free)
	return err
}

func (s *Store) address(block int) int64 { return s.off + int64(block)*s.flash.EraseBlock() }

func (s *Store) encode(sequence uint32, value []byte) []byte {
	size := headerSize + len(value)
	if rest := size % s.flash.WriteSize(); rest != 0 {
		size += s.flash.WriteSize() - rest
	}
	record := bytes.Repeat([]byte{erased}, size)
	binary.LittleEndian.PutUint32(record[0:], magic)
	binary.LittleEndian.PutUint32(record[4:], sequence)
	binary.LittleEndian.PutUint32(record[8:], uint32(len(value)))
	copy(record[headerSize:], value)
	binary.LittleEndian.PutUint32(record[12:], checksum(record, len(value)))
	return record
}

func checksum(record []byte, length int) uint32 {
	sum := crc32.ChecksumIEEE(record[4:12])
	return crc32.Update(sum, crc32.IEEETable, record[headerSize:headerSize+length])
}

// place is where the newest whole record is, and where the next one may go in its block.
type place struct {
	found    bool
	block    int
	sequence uint32
	value    []byte
	free     int64 // the block's size where nothing more may go there
}

// find scans all blocks. Without a record, the next one goes into block 0 after an erase.
func (s *Store) find() (place, error) {
	newest := place{block: s.blocks - 1, free: s.flash.EraseBlock()}
	content := make([]byte, s.flash.EraseBlock())
	for block := range s.blocks {
		if _, err := s.flash.ReadAt(content, s.address(block)); err != nil {
			return place{}, err
		}
		// The difference as a signed number compares sequences that wrapped (RFC 1982).
		if p := s.scan(content); p.found && (!newest.found || int32(p.sequence-newest.sequence) > 0) {
			p.block = block
			p.value = bytes.Clone(p.value)
			newest = p
		}
	}
	return newest, nil
}

// scan finds the last whole record of a block. Behind a torn record nothing can be placed: its length
// is not to be trusted.
func (s *Store) scan(content []byte) place {
	p := place{free: int64(len(content))}
	for at := 0; ; {
		rest := content[at:]
		if blank(rest) {
			p.free = int64(at)
			return p
		}
		if len(rest) < headerSize || binary.LittleEndian.Uint32(rest) != magic {
			return p
		}
		length := binary.LittleEndian.Uint32(rest[8:])
		if uint64(length) > uint64(len(rest)-headerSize) || checksum(rest, int(length)) != binary.LittleEndian.Uint32(rest[12:]) {
			return p
		}
		p.found, p.sequence = true, binary.LittleEndian.Uint32(rest[4:])
		p.value = rest[headerSize : headerSize+int(length)]
		at += len(s.encode(0, p.value))
		if at > len(content) {
			return p
		}
	}
}

func blank(content []byte) bool {
	return !slices.ContainsFunc(content, func(b byte) bool { return b != erased })
}
