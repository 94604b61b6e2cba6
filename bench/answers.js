/** Length of the whole answer at the start of `buffer`; undefined while there is more to come.
 *  Throws when an answer does not tell its length. */
function lengthOf(buffer) {
  const end = buffer.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const head = buffer.latin1Slice(0, end)
  const length = /content-length: (\d+)/i.exec(head)?.[1]
  if (length !== undefined) return end + 4 + Number(length)
  if (/^HTTP\/1\.1 204/.test(head)) return end + 4
  if (!/transfer-encoding: chunked/i.test(head)) throw new Error(`an answer without a length: ${head}`)
  const last = buffer.indexOf('0\r\n\r\n', Math.max(end, buffer.length - 5))
  return last < 0 ? undefined : last + 5
}

/** Makes what is given all that a connection reads, and hands on whole answers, one after the other. */
export function readAnswers(take) {
  let pieces = []
  let size = 0
  let wanted
  return (read) => {
    // Nearly all answers come in one piece. What is kept of one that does not is copied: all read into the same buffer.
    if (size === 0 && lengthOf(read) === read.length) return take(read)
    const piece = Buffer.from(read)
    pieces.push(piece)
    size += piece.length
    if (wanted === undefined) {
      pieces = [Buffer.concat(pieces)]
      wanted = lengthOf(pieces[0])
    }
    if (wanted === undefined || size < wanted) return
    const answer = Buffer.concat(pieces)
    pieces = []
    size = 0
    wanted = undefined
    take(answer)
  }
}
