Feature: 088 How the platform talks to a meter

  Scenario: All settings
    Given the meter "TEST1024000000088" of "DSMR 4.2.2"
    When SetDeviceCommunicationSettings is asked of "TEST1024000000088" with
      | path                                                        | value |
      | SetDeviceCommunicationSettingsData/ChallengeLength          | 8     |
      | SetDeviceCommunicationSettingsData/WithListMax              | 32    |
      | SetDeviceCommunicationSettingsData/SelectiveAccessSupported | true  |
      | SetDeviceCommunicationSettingsData/IpAddressIsStatic        | true  |
      | SetDeviceCommunicationSettingsData/UseSn                    | true  |
      | SetDeviceCommunicationSettingsData/UseHdlc                  | true  |
      | SetDeviceCommunicationSettingsData/Polyphase                | true  |
    Then the answer is OK
    And the settings of "TEST1024000000088" are 8, 32, True, True, True, True, True
    When SetDeviceCommunicationSettings is asked of "TEST1024000000088" with
      | path                                                        | value |
      | SetDeviceCommunicationSettingsData/ChallengeLength          | 16    |
      | SetDeviceCommunicationSettingsData/WithListMax              | 1     |
      | SetDeviceCommunicationSettingsData/SelectiveAccessSupported | false |
      | SetDeviceCommunicationSettingsData/IpAddressIsStatic        | false |
      | SetDeviceCommunicationSettingsData/UseSn                    | false |
      | SetDeviceCommunicationSettingsData/UseHdlc                  | false |
      | SetDeviceCommunicationSettingsData/Polyphase                | false |
    Then the answer is OK
    And the settings of "TEST1024000000088" are 16, 1, False, False, False, False, False

  Scenario: The meter is talked to with them
    Given the meter "TEST1024000000088" of "DSMR 4.2.2"
    When SetDeviceCommunicationSettings is asked of "TEST1024000000088" with
      | path                                                        | value |
      | SetDeviceCommunicationSettingsData/ChallengeLength          | 64    |
      | SetDeviceCommunicationSettingsData/WithListMax              | 1     |
      | SetDeviceCommunicationSettingsData/SelectiveAccessSupported | true  |
      | SetDeviceCommunicationSettingsData/IpAddressIsStatic        | true  |
      | SetDeviceCommunicationSettingsData/UseSn                    | false |
      | SetDeviceCommunicationSettingsData/UseHdlc                  | false |
      | SetDeviceCommunicationSettingsData/Polyphase                | true  |
    Then the answer is OK
    When GetActualMeterReads is asked of "TEST1024000000088"
    Then the answer tells "KWH"
