package flash

import "bytes"

// cells are the bytes of an array. A block that was never written takes no memory: of ten thousand devices most
// use a few of theirs.
type cells struct {
	block  int64
	blocks [][]byte // nil: erased
}

func newCells(g Geometry) cells {
	return cells{block: g.EraseBlock, blocks: make([][]byte, g.Size/g.EraseBlock)}
}

// at returns the byte at an offset.
func (c *cells) at(off int64) byte {
	if b := c.blocks[off/c.block]; b != nil {
		return b[off%c.block]
	}
	return erased
}

// cell returns the byte at an offset, to be changed.
func (c *cells) cell(off int64) *byte {
	i := off / c.block
	if c.blocks[i] == nil {
		c.blocks[i] = bytes.Repeat([]byte{erased}, int(c.block))
	}
	return &c.blocks[i][off%c.block]
}

// read fills p with the bytes at an offset.
func (c *cells) read(p []byte, off int64) {
	for len(p) > 0 {
		i, inside := off/c.block, off%c.block
		n := min(int64(len(p)), c.block-inside)
		if b := c.blocks[i]; b != nil {
			copy(p[:n], b[inside:])
		} else {
			for k := range p[:n] {
				p[k] = erased
			}
		}
		p, off = p[n:], off+n
	}
}

// erase erases the block at an offset.
func (c *cells) erase(off int64) {
	b := c.blocks[off/c.block]
	for i := range b {
		b[i] = erased
	}
}
