#pragma once

#include <map>
#include <string>
#include <string_view>

namespace ttx::gateway {

/// What the protos say of their elements, for the API's description: generated code has no comments.
class Comments {
 public:
  /// `descriptors`: a serialized google.protobuf.FileDescriptorSet made with its source info. Without it, and
  /// for files it lacks, there are no comments.
  explicit Comments(std::string_view descriptors);

  /// Of "ttx.auction.v1.AuctionService.PlaceBid", "ttx.auction.v1.Bid.price_fen",
  /// "ttx.auction.v1.Auction.State.OPEN"; empty when there is none. Lines are joined, paragraphs separated by
  /// an empty line.
  std::string_view Of(const std::string& full_name) const;

 private:
  std::map<std::string, std::string> texts_;
};

/// The first sentence of a comment, without its full stop.
std::string_view FirstSentence(std::string_view comment);

}  // namespace ttx::gateway
