/** The part of the Bot API's objects that this server speaks (core.telegram.org/bots/api). */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

export interface User {
  readonly id: number;
  readonly is_bot: boolean;
  readonly first_name: string;
  readonly username?: string;
  readonly language_code?: string;
}

export interface Chat {
  readonly id: number;
  readonly type: 'private' | 'group' | 'supergroup' | 'channel';
  readonly title?: string;
  readonly first_name?: string;
  readonly username?: string;
  readonly is_forum?: true;
}

export interface PhotoSize {
  readonly file_id: string;
  readonly file_unique_id: string;
  readonly width: number;
  readonly height: number;
  readonly file_size: number;
}

export interface SentDocument {
  readonly file_id: string;
  readonly file_unique_id: string;
  readonly file_name: string;
  readonly mime_type: string;
  readonly file_size: number;
}

export interface InlineButton {
  readonly text: string;
  readonly callback_data?: string;
  readonly url?: string;
}

export interface Message {
  readonly message_id: number;
  readonly message_thread_id?: number;
  readonly is_topic_message?: true;
  readonly from: User;
  readonly chat: Chat;
  /** Seconds. */
  readonly date: number;
  readonly edit_date?: number;
  /** The real server does not say it; the phone of a person knows: no sound. */
  readonly disable_notification?: true;
  readonly text?: string;
  readonly entities?: readonly Json[];
  /** Only where other than usual: a preview of the first address in the text. */
  readonly link_preview_options?: JsonObject;
  readonly caption?: string;
  readonly caption_entities?: readonly Json[];
  readonly photo?: readonly PhotoSize[];
  readonly document?: SentDocument;
  readonly reply_markup?: { readonly inline_keyboard: readonly (readonly InlineButton[])[] };
  /** Whole, but without what it answers itself. */
  readonly reply_to_message?: Omit<Message, 'reply_to_message'>;
  readonly forward_origin?: Json;
  readonly migrate_to_chat_id?: number;
}

/** What a person sees happen in a chat, in order. */
export type ChatEvent =
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'edited'; readonly message: Message }
  | { readonly kind: 'deleted'; readonly messageId: number }
  /** The toast or pop-up that answers a pressed button. */
  | {
      readonly kind: 'answer';
      readonly queryId: string;
      readonly userId: number;
      readonly text: string;
      readonly alert: boolean;
    }
  | { readonly kind: 'action'; readonly action: string };

export interface NumberedEvent {
  readonly seq: number;
  readonly chatId: number;
  readonly event: ChatEvent;
}
